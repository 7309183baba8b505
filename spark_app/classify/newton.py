"""Many binary logistic regressions at once, by Newton's method on sums that partitions add up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import pandas as pd

TOLERANCE = 1e-9  # of the gradient, per row


@dataclass(frozen=True)
class Sums:
    """Sums over rows at given weights: of every label its loss, gradient and curvature.

    Attributes:
        loss: ``(n_labels,)``, nats.
        gradient: ``(n_labels, n_weights)``.
        hessian: ``(n_labels, n_weights, n_weights)``.
    """

    loss: np.ndarray
    gradient: np.ndarray
    hessian: np.ndarray


def sums_of(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> Sums:
    """Loss, gradient and Hessian of the rows of one batch.

    Args:
        x: ``(n, n_weights)``, the last column is 1.
        y: ``(n, n_labels)`` of 0 and 1.
        weights: ``(n_labels, n_weights)``.
    """
    import numpy as np
    from scipy.special import expit

    z = x @ weights.T
    p = expit(z)
    loss = (np.logaddexp(0, z) - y * z).sum(axis=0)
    spread = p * (1 - p)
    hessian = np.stack([x.T @ (x * spread[:, [k]]) for k in range(len(weights))])
    return Sums(loss, (p - y).T @ x, hessian)


def partial_sums(weights: np.ndarray) -> Callable[[Iterable[pd.DataFrame]], Iterator[pd.DataFrame]]:
    """For ``mapInPandas`` over ``[x array<double>, labels array<int>]``: one row ``[sums]`` per partition with rows."""

    def add_up(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        import numpy as np
        import pandas as pd

        total: np.ndarray | None = None
        for batch in batches:
            if not len(batch):
                continue
            x = np.column_stack([np.stack(batch["x"].to_list()), np.ones(len(batch))])
            found = sums_of(x, indicators(batch["labels"], len(weights)), weights)
            flat = np.concatenate([found.loss, found.gradient.ravel(), found.hessian.ravel()])
            total = flat if total is None else total + flat
        if total is not None:
            yield pd.DataFrame({"sums": [total]})

    return add_up


def indicators(labels: pd.Series, n_labels: int) -> np.ndarray:
    """Sets of label positions as ``(n, n_labels)`` of 0 and 1."""
    import numpy as np

    sizes = labels.map(len).to_numpy()
    found = np.zeros((len(labels), n_labels))
    if sizes.sum():
        found[np.repeat(np.arange(len(labels)), sizes), np.concatenate(labels.to_list()).astype(int)] = 1
    return found


def unpacked(flat: np.ndarray, shape: tuple[int, int]) -> Sums:
    """The inverse of the flat form of :func:`partial_sums`; ``shape`` is that of the weights."""
    k, m = shape
    return Sums(flat[:k], flat[k : k + k * m].reshape(k, m), flat[k + k * m :].reshape(k, m, m))


def minimise(
    evaluate: Callable[[np.ndarray], Sums], start: np.ndarray, *, ridge: float, n: int, steps: int
) -> np.ndarray:
    """Weights with the least ``sum of losses + ridge / 2 * |w|^2`` (the intercept, last, is not penalised).

    Newton's steps, halved for a label whose loss they would raise; one call of ``evaluate`` per step, whatever the
    number of labels.

    Args:
        evaluate: Weights ``(n_labels, n_weights)`` -> sums over all rows.
        start: First weights; with intercepts at the labels' shares a few steps suffice.
        ridge: Penalty, above 0; 1 is scikit-learn's ``C=1``.
        n: Rows, for the tolerance.
        steps: At most so many.
    """
    import numpy as np

    penalty = np.append(np.full(start.shape[1] - 1, ridge), 0.0)
    best = _penalised(evaluate(start), start, penalty)
    weights, move = start, _newton_step(best)
    for _ in range(steps):
        if np.abs(best.gradient).max() <= TOLERANCE * n:
            break
        tried = weights + move
        found = _penalised(evaluate(tried), tried, penalty)
        # Rounding may raise the loss by its last digits at the minimum itself.
        better = found.loss <= best.loss + 1e-12 * np.abs(best.loss)
        weights = np.where(better[:, None], tried, weights)
        best = Sums(
            np.where(better, found.loss, best.loss),
            np.where(better[:, None], found.gradient, best.gradient),
            np.where(better[:, None, None], found.hessian, best.hessian),
        )
        move = np.where(better[:, None], _newton_step(best), move / 2)
    return weights


def _penalised(found: Sums, weights: np.ndarray, penalty: np.ndarray) -> Sums:
    import numpy as np

    loss = found.loss + 0.5 * (penalty * weights**2).sum(axis=1)
    return Sums(loss, found.gradient + penalty * weights, found.hessian + np.diag(penalty))


def _newton_step(found: Sums) -> np.ndarray:
    import numpy as np

    m = found.hessian.shape[1]
    # A hair on the diagonal: a label whose probabilities are all 0 or 1 has no curvature left in its intercept.
    step: np.ndarray = -np.linalg.solve(found.hessian + 1e-12 * np.eye(m), found.gradient[:, :, None])[:, :, 0]
    return step
