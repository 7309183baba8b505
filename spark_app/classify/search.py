"""Search over hyper-parameters: fold by fold, dropping what has fallen behind, resumable fit by fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.pool import ThreadPool
from statistics import mean
from typing import Generic, TypeVar

from spark_app.errors import DataError

Setting = TypeVar("Setting")

FitKey = tuple[str, int]  # name of the trial, fold


@dataclass(frozen=True)
class Trial(Generic[Setting]):
    """One set of hyper-parameters, under a name that stands for all of them."""

    name: str
    setting: Setting


@dataclass(frozen=True)
class Standing:
    """Where a trial ended.

    Attributes:
        name: Of the trial.
        score: Mean validation score over the folds it was fitted on; larger is better.
        folds: How many.
        is_finished: False where it was dropped before the last fold.
    """

    name: str
    score: float
    folds: int
    is_finished: bool


def search(
    trials: Sequence[Trial[Setting]],
    fit_and_score: Callable[[Trial[Setting], int], float],
    done: Mapping[FitKey, float],
    *,
    folds: Sequence[int],
    margin: float,
    parallelism: int = 1,
    keep: Callable[[FitKey, float], None] = lambda key, score: None,
) -> list[Standing]:
    """The trials, best first.

    All trials are fitted on the first fold, then those that are left on the next one. A trial whose mean falls more
    than ``margin`` below the best mean on the same folds is dropped (racing, Maron & Moore 1994). What is dropped
    follows from the scores of whole folds, never from which fit ended first.

    Args:
        trials: At least one, names unique.
        fit_and_score: Fits a trial for a fold and gives its score on *validation* rows; the test rows stay untouched.
        done: Scores of fits that an earlier, interrupted search has kept; they are not fitted again.
        folds: In the order in which they are fitted.
        margin: In units of the score; infinity drops nothing.
        parallelism: Fits at a time.
        keep: Called with each new score, in the caller's thread and in the order of the trials, to be stored.

    Returns:
        Finished trials by falling score, then the dropped ones by folds and score; ties in the order of the trials.

    Raises:
        DataError: There is no trial or no fold, or a name stands twice.
    """
    _check(trials, folds)
    scores: dict[FitKey, float] = dict(done)
    left, fitted = list(trials), {trial.name: 0 for trial in trials}
    with ThreadPool(parallelism) as pool:
        for place, fold in enumerate(folds):
            missing = [trial for trial in left if (trial.name, fold) not in scores]
            found = pool.imap(lambda trial: fit_and_score(trial, fold), missing)  # noqa: B023 - used up in this turn
            for trial, score in zip(missing, found, strict=True):
                scores[trial.name, fold] = score
                keep((trial.name, fold), score)
            fitted |= {trial.name: place + 1 for trial in left}
            left = _not_behind(left, scores, folds[: place + 1], margin)
    return _ranked(trials, scores, folds, fitted, {trial.name for trial in left})


def _check(trials: Sequence[Trial[Setting]], folds: Sequence[int]) -> None:
    names = [trial.name for trial in trials]
    if not names or not folds or len(set(names)) < len(names):
        raise DataError(f"a search needs folds and trials of different names, not {names} on folds {list(folds)}")


def _not_behind(
    trials: list[Trial[Setting]], scores: Mapping[FitKey, float], folds: Sequence[int], margin: float
) -> list[Trial[Setting]]:
    means = {trial.name: _mean(trial.name, scores, folds) for trial in trials}
    best = max(means.values())
    return [trial for trial in trials if means[trial.name] >= best - margin]


def _ranked(
    trials: Sequence[Trial[Setting]],
    scores: Mapping[FitKey, float],
    folds: Sequence[int],
    fitted: Mapping[str, int],
    left: set[str],
) -> list[Standing]:
    standings = [
        Standing(
            name=trial.name,
            score=_mean(trial.name, scores, folds[: fitted[trial.name]]),
            folds=fitted[trial.name],
            is_finished=fitted[trial.name] == len(folds),
        )
        for trial in trials
    ]
    return sorted(standings, key=lambda found: (found.name not in left, -found.folds, -found.score))


def _mean(name: str, scores: Mapping[FitKey, float], folds: Sequence[int]) -> float:
    return mean(scores[name, fold] for fold in folds)
