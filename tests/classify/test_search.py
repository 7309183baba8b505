"""Search over hyper-parameters."""

from __future__ import annotations

import math
import threading

import pytest

from spark_app.classify.search import Standing, Trial, search
from spark_app.errors import DataError

# Validation scores by trial and fold.
SCORES = {
    "shallow": {0: 0.50, 1: 0.52, 2: 0.51},
    "deep": {0: 0.56, 1: 0.50, 2: 0.56},
    "middle": {0: 0.54, 1: 0.55, 2: 0.53},
    "hopeless": {0: 0.30, 1: 0.99, 2: 0.99},
}
TRIALS = [Trial(name, scores) for name, scores in SCORES.items()]


def run(done=None, *, margin=0.05, parallelism=1, trials=TRIALS):
    fits, kept = [], {}

    def fit_and_score(trial, fold):
        fits.append((trial.name, fold))
        return trial.setting[fold]

    standings = search(
        trials,
        fit_and_score,
        done or {},
        folds=[0, 1, 2],
        margin=margin,
        parallelism=parallelism,
        keep=kept.__setitem__,
    )
    return standings, fits, kept


def test_ranks_by_mean_score_and_stops_fitting_what_has_fallen_behind():
    standings, fits, _ = run()
    # By hand: after fold 0 the best is .56; shallow (.50) and hopeless (.30) lie more than .05 below.
    assert standings == [
        Standing("deep", pytest.approx(0.54), 3, True),
        Standing("middle", pytest.approx(0.54), 3, True),
        Standing("shallow", pytest.approx(0.50), 1, False),
        Standing("hopeless", pytest.approx(0.30), 1, False),
    ]
    assert len(fits) == 4 + 2 + 2


def test_without_a_margin_nothing_is_dropped():
    standings, fits, _ = run(margin=math.inf)
    assert standings[0] == Standing("hopeless", pytest.approx(0.76), 3, True)
    assert len(fits) == 12


def test_resumes_after_any_fit_with_the_same_result_and_no_fit_done_twice():
    whole, fits, kept = run()
    for n in range(len(fits) + 1):
        done = dict(list(kept.items())[:n])
        standings, again, _ = run(done)
        assert standings == whole
        assert set(again).isdisjoint(done)
        assert len(again) + n == len(fits)


def test_fits_in_parallel_give_the_same_standings_and_order_of_keeping():
    both_started = threading.Barrier(2, timeout=10)

    def fit_and_score(trial, fold):
        both_started.wait()  # breaks unless two fits run at a time
        return trial.setting[fold]

    kept = []
    standings = search(
        TRIALS, fit_and_score, {}, folds=[0, 1, 2], margin=0.05, parallelism=2, keep=lambda key, _: kept.append(key)
    )
    alone, _, kept_alone = run()
    assert standings == alone
    assert kept == list(kept_alone)


def test_a_failing_fit_ends_the_search_and_keeps_what_was_done():
    kept = {}

    def fit_and_score(trial, fold):
        if trial.name == "middle":
            raise DataError("no rows")
        return trial.setting[fold]

    with pytest.raises(DataError, match="no rows"):
        search(TRIALS, fit_and_score, {}, folds=[0], margin=1, keep=kept.__setitem__)
    assert kept == {("shallow", 0): 0.50, ("deep", 0): 0.56}


@pytest.mark.parametrize("trials", [[], [TRIALS[0], TRIALS[0]]])
def test_no_trial_and_repeated_names_are_errors(trials):
    with pytest.raises(DataError, match="trials of different names"):
        run(trials=trials)
