"""What a classifier loses when it may not see a feature: linear discriminants with all features, and without each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

MODEL = "linear_discriminant"
NONE = "none"  # in place of a feature: nothing left out


@dataclass(frozen=True)
class Ablation:
    """One model.

    Attributes:
        feature: The feature left out; ``none`` for the model that sees all.
        accuracy: Of the validation rows, [0, 1].
        accuracy_change: Less that of ``none``: negative where the feature is missed.
        accuracy_change_se: Standard error of the change, from the rows on which the two models differ.
        macro_f1: Plain mean over the labels, [0, 1].
        macro_f1_change: Less that of ``none``.
    """

    feature: str
    accuracy: float
    accuracy_change: float
    accuracy_change_se: float
    macro_f1: float
    macro_f1_change: float


@dataclass(frozen=True)
class Rows:
    """Labelled rows.

    Attributes:
        values: Shape (n_rows, n_features); NaN where missing.
        labels: Integers in [0, n_labels), shape (n_rows,).
    """

    values: np.ndarray
    labels: np.ndarray


def ablations(train: Rows, valid: Rows, *, features: Sequence[str], n_labels: int) -> list[Ablation]:
    """The model with all features, then one without each: ``len(features) + 1`` fits.

    The model is the linear discriminant (Fisher; shared covariance, priors of the training rows), the cheapest
    multinomial model: its fit is one product of the training rows, and leaving a feature out takes away rows and
    columns of that product, so each fit is exact. Missing values become the training median, with an indicator
    that goes together with its feature. A feature without any training value is not used.
    """
    import numpy as np

    seen, checked, owner = _prepared(train.values, valid.values)
    fit = _Fit.of(seen, train.labels, n_labels)
    guesses = [fit.predict(checked, np.flatnonzero(owner != left_out)) for left_out in (-1, *range(len(features)))]
    return [
        _compared(name, guess, guesses[0], valid, n_labels)
        for name, guess in zip((NONE, *features), guesses, strict=True)
    ]


@dataclass(frozen=True)
class _Fit:
    """Means and covariance of all columns; a model of some of them is a part of these."""

    means: np.ndarray  # (n_labels, n_columns)
    priors: np.ndarray  # (n_labels,)
    covariance: np.ndarray  # (n_columns, n_columns)

    @classmethod
    def of(cls, columns: np.ndarray, labels: np.ndarray, n_labels: int) -> _Fit:
        import numpy as np

        is_label = np.eye(n_labels)[labels]
        counts = is_label.sum(axis=0)
        means = is_label.T @ columns / np.maximum(counts, 1)[:, None]
        rest = columns - means[labels]
        return cls(means, counts / len(labels), rest.T @ rest / len(labels))

    def predict(self, columns: np.ndarray, used: np.ndarray) -> np.ndarray:
        """The most probable label of each row, by the columns at the positions ``used``."""
        import numpy as np

        means = self.means[:, used]
        # The pseudo-inverse leaves out directions without spread, such as a constant column.
        weights = means @ np.linalg.pinv(self.covariance[np.ix_(used, used)], hermitian=True)
        with np.errstate(divide="ignore"):  # a label without training rows is never chosen
            offsets = np.log(self.priors) - (weights * means).sum(axis=1) / 2
        return (columns[:, used] @ weights.T + offsets).argmax(axis=1)


def _prepared(train: np.ndarray, valid: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Training and validation columns, and the feature that each column belongs to."""
    import numpy as np

    known = np.flatnonzero(~np.isnan(train).all(axis=0))
    incomplete = known[np.isnan(train[:, known]).any(axis=0)]
    medians = np.nanmedian(train[:, known], axis=0)
    scale = np.nanstd(train[:, known], axis=0)
    scale[scale == 0] = 1.0  # scales keep the covariance well-conditioned; they do not change the model

    def prepare(values: np.ndarray) -> np.ndarray:
        filled = np.where(np.isnan(values[:, known]), medians, values[:, known])
        return np.column_stack([(filled - medians) / scale, np.isnan(values[:, incomplete])])

    return prepare(train), prepare(valid), np.concatenate([known, incomplete])


def _compared(feature: str, guess: np.ndarray, whole: np.ndarray, valid: Rows, n_labels: int) -> Ablation:
    import numpy as np

    n = len(valid.labels)
    difference = (guess == valid.labels).astype(int) - (whole == valid.labels)
    accuracy, f1 = float((guess == valid.labels).mean()), _macro_f1(valid.labels, guess, n_labels)
    error = float(np.sqrt(difference.var() / n))
    return Ablation(
        feature, accuracy, float(difference.mean()), error, f1, f1 - _macro_f1(valid.labels, whole, n_labels)
    )


def _macro_f1(labels: np.ndarray, guess: np.ndarray, n_labels: int) -> float:
    import numpy as np

    right = np.bincount(labels[labels == guess], minlength=n_labels)
    both = np.bincount(labels, minlength=n_labels) + np.bincount(guess, minlength=n_labels)
    return float((2 * right / np.maximum(both, 1)).mean())
