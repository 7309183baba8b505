"""Maps from a model's probabilities to calibrated ones: how they are fitted, chosen and applied, in NumPy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from spark_app.classify.evaluation.bins import calibration_error, reliability

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

IDENTITY = "identity"
TEMPERATURE = "temperature"
ISOTONIC = "isotonic"

CROSS_FITS = 5
_SMALLEST = 1e-12  # a probability of 0 has no logarithm
_MOST_KNOTS = 50
_ROWS_PER_KNOT = 100


@dataclass(frozen=True)
class Map:
    """A calibration map.

    Attributes:
        kind: ``identity``, ``temperature`` or ``isotonic``.
        temperature: ``p`` becomes ``softmax(log(p) / temperature)``; 1 for the other kinds.
        knots: One (scores, values) per label, both ascending, for ``isotonic``; else empty. Between knots the value
            is interpolated, outside it is that of the nearest; then the values of all labels are divided by their sum.
        divisors: What each label's probability is divided by first, then by their sum; empty divides by nothing.
    """

    kind: str
    temperature: float = 1.0
    knots: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...] = ()
    divisors: tuple[float, ...] = ()

    @property
    def changes(self) -> bool:
        """False where probabilities stay as they are."""
        return self.kind != IDENTITY or bool(self.divisors)

    def apply(self, p: np.ndarray) -> np.ndarray:
        """Calibrated probabilities ``(n, n_labels)``, each row sums to 1."""
        import numpy as np

        if self.divisors:
            p = unweighted(p, self.divisors)
        if self.kind == IDENTITY:
            return p
        if self.kind == TEMPERATURE:
            logits = np.log(np.maximum(p, _SMALLEST)) / self.temperature
            values = np.exp(logits - logits.max(axis=1, keepdims=True))
        else:
            values = np.column_stack([np.interp(p[:, c], x, y) for c, (x, y) in enumerate(self.knots)])
        return values / values.sum(axis=1, keepdims=True)


def fit_temperature(p: np.ndarray, label: np.ndarray) -> Map:
    """The temperature in [0.05, 20] with the least log loss (Guo et al. 2017); it never changes the answer."""
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        return log_loss(Map(TEMPERATURE, float(10**log_temperature)).apply(p), label)

    found = minimize_scalar(loss, bounds=(-1.3, 1.3), method="bounded", options={"xatol": 1e-6})
    return Map(TEMPERATURE, float(10**found.x))


def fit_isotonic(p: np.ndarray, label: np.ndarray) -> Map:
    """One rising map per label against the rest (Zadrozny & Elkan 2002), on at most 50 bins of equal mass.

    Bins of about 100 rows keep the map small and smooth; values stay ``1 / (n + 2)`` away from 0 and 1, so that no
    label becomes impossible. A constant column gives a constant map.
    """
    import numpy as np
    from sklearn.isotonic import IsotonicRegression

    n, knots = len(label), []
    n_bins = int(np.clip(n // _ROWS_PER_KNOT, 2, _MOST_KNOTS))
    for c in range(p.shape[1]):  # one fit per label
        order = np.lexsort((label == c, p[:, c]))
        score, share, rows = reliability(p[order, c], (label == c)[order].astype(float), n_bins=n_bins)
        fit = IsotonicRegression(y_min=1 / (n + 2), y_max=1 - 1 / (n + 2), out_of_bounds="clip")
        values = fit.fit(score, share, sample_weight=rows).predict(score)
        knots.append((tuple(score.tolist()), tuple(values.tolist())))
    return Map(ISOTONIC, knots=tuple(knots))


def unweighted(p: np.ndarray, weights: Sequence[float]) -> np.ndarray:
    """Probabilities under the labels' own shares, from a model whose training rows counted by ``weights``.

    Bayes' rule with other priors (Elkan 2001; Saerens et al. 2002): each is divided by its weight, then by their sum.

    Args:
        p: ``(n, n_labels)``, each row sums to 1.
        weights: One per label, above 0.
    """
    import numpy as np

    shares = p / np.asarray(weights)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def choose_map(p: np.ndarray, label: np.ndarray, parts: np.ndarray, weights: Sequence[float] = ()) -> Map:
    """The map with the least cross-fitted log loss among those that do not raise the calibration error.

    Where the model learned from weighted rows, its probabilities are divided by the weights first, if that lowers the
    log loss and does not raise the calibration error: models differ in how far they follow weights.

    Each part is mapped by what the other parts gave. A map is refused where its log loss is no lower than that of
    the probabilities as they are, or its calibration error is higher, cross-fitted or on the rows it was fitted on;
    where all are refused, or there is a single part, the probabilities stay as they are.

    Args:
        p: Probabilities ``(n, n_labels)``.
        label: Positions of the true labels ``(n,)``.
        parts: Which rows belong together ``(n,)``: units of one artist must share a part.
        weights: Of the training rows, one per label; empty where all counted the same.
    """
    best, least, error = Map(IDENTITY), log_loss(p, label), answer_error(p, label)
    if weights:
        divided = Map(IDENTITY, divisors=tuple(weights))
        shares = divided.apply(p)
        found, worst = log_loss(shares, label), answer_error(shares, label)
        if found < least and worst <= error:
            best, least, error, p = divided, found, worst, shares
    if len(set(parts.tolist())) < 2:
        return best
    for fit in (fit_temperature, fit_isotonic):
        crossed = _cross_fitted(fit, p, label, parts)
        whole = fit(p, label)
        found = log_loss(crossed, label)
        worst = max(answer_error(crossed, label), answer_error(whole.apply(p), label))
        if found < least and worst <= error:
            best, least = replace(whole, divisors=best.divisors), found
    return best


def log_loss(p: np.ndarray, label: np.ndarray) -> float:
    """Mean of ``-log`` of the true label's probability; 0 without a row."""
    import numpy as np

    true = np.maximum(p[np.arange(len(label)), label], _SMALLEST)
    return float(-np.log(true).mean()) if len(label) else 0.0


def answer_error(p: np.ndarray, label: np.ndarray) -> float:
    """Expected calibration error of the likeliest label; 0 without a row."""
    import numpy as np

    if not len(label):
        return 0.0
    confidence, hits = p.max(axis=1), p.argmax(axis=1) == label
    order = np.lexsort((hits, confidence))
    return calibration_error(reliability(confidence[order], hits[order].astype(float)))


def _cross_fitted(
    fit: Callable[[np.ndarray, np.ndarray], Map], p: np.ndarray, label: np.ndarray, parts: np.ndarray
) -> np.ndarray:
    import numpy as np

    crossed = np.empty_like(p)
    for part in sorted(set(parts.tolist())):
        held = parts == part
        crossed[held] = fit(p[~held], label[~held]).apply(p[held])
    return crossed
