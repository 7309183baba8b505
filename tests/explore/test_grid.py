"""Counting on a grid of values; NumPy on the values themselves is the oracle."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import rankdata

from spark_app.explore.grid import make_grid

SHARES = [0.0, 0.01, 0.25, 0.5, 0.9, 1.0]


def counted(grid, values):
    cells = grid.cells_of(values)
    return np.bincount(cells[cells >= 0], minlength=grid.n_cells)


def grid_of(values, sample=None, points=64, bins=5):
    known = values[~np.isnan(values)]
    return make_grid(known if sample is None else sample, low=known.min(), high=known.max(), points=points, bins=bins)


def test_everything_is_exact_where_the_sample_holds_every_value():
    values = np.array([3.0, 1.0, 2.0, 2.0, np.nan, 7.0, 2.0, 3.5])
    known = values[~np.isnan(values)]
    grid = grid_of(values)
    counts = counted(grid, values)
    assert grid.quantiles(counts, SHARES) == pytest.approx(np.quantile(known, SHARES), abs=1e-12)
    assert grid.mid_ranks(counts)[grid.cells_of(known)] == pytest.approx(rankdata(known))
    assert grid.n_outside(counts, 2.0, 3.0) == 3  # 1, 7 and 3.5; the limits themselves lie inside
    assert grid.cells_of(np.array([np.nan])) == [-1]


def test_a_coarse_grid_is_within_a_cell_of_exact_and_keeps_common_values_exact():
    rng = np.random.default_rng(1)
    values = np.concatenate([rng.normal(size=20_000), np.zeros(5_000)])
    grid = grid_of(values, sample=rng.choice(values, 4_000, replace=False), points=256)
    counts = counted(grid, values)
    ranks = grid.mid_ranks(counts)[grid.cells_of(values)]
    assert np.abs(ranks - rankdata(values)).max() <= 4 * len(values) / 256
    assert ranks[-1] == rankdata(values)[-1]
    shares = [0.05, 0.25, 0.5, 0.75, 0.95]
    assert grid.quantiles(counts, shares) == pytest.approx(np.quantile(values, shares), abs=0.01)
    assert grid.n_outside(counts, -1.0, 1.0) == pytest.approx((np.abs(values) > 1).sum(), rel=0.01)


def test_few_values_get_a_bin_each():
    values = np.array([0.0, 0.0, 1.0, 1.0, 1.0])
    grid = grid_of(values)
    assert grid.bins.tolist() == [-0.5, 0.5, 1.5]
    assert grid.bin_counts(counted(grid, values)).tolist() == [2, 3]


def test_many_values_get_even_bins_and_a_bin_for_each_tail():
    values = np.concatenate([np.linspace(0, 1, 1_000), [-50.0, 90.0]])
    grid = grid_of(values, points=2_000, bins=10)
    assert (grid.bins[0], grid.bins[-1], len(grid.bins)) == (-50.0, 90.0, 13)
    assert np.diff(grid.bins[1:-1]) == pytest.approx(np.full(10, np.diff(grid.bins[1:3])[0]))
    expected, _ = np.histogram(values, grid.bins)
    assert grid.bin_counts(counted(grid, values)).tolist() == expected.tolist()
    assert expected.sum() == 1_002


def test_a_single_value_and_no_value_have_grids_too():
    constant = grid_of(np.array([4.0, 4.0]))
    assert constant.bins.tolist() == [3.5, 4.5]
    assert constant.quantiles(counted(constant, np.array([4.0, 4.0])), [0.5]).tolist() == [4.0]
    empty = make_grid(np.array([np.nan]), low=np.inf, high=-np.inf, points=16, bins=4)
    assert empty.n_cells == 0
    assert empty.cells_of(np.array([1.0, np.nan])).tolist() == [-1, -1]


def test_a_value_beyond_the_bounds_of_a_sample_lies_on_the_grid():
    grid = make_grid(np.array([2.0, 3.0]), low=1.0, high=9.0, points=16, bins=8)
    counts = counted(grid, np.array([1.0, 2.5, 9.0]))
    assert counts.sum() == 3
    assert grid.quantiles(counts, [0.0, 1.0]).tolist() == [1.0, 9.0]
