"""One pass over the tracks: rows per cell of the grids for each genre group, and sums for their shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.columns import ALL, GENRE_GROUP, TRACK_ID
from spark_app.explore.grid import Grid
from spark_app.features.moments import GroupMoments

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

CELLS = "group int, feature int, cell int, n bigint, cubes double, fourths double"
SUMS = -1  # the cell that carries ``cubes`` and ``fourths`` of a feature
_FLAG = "_group_{}"


@dataclass(frozen=True)
class Plan:
    """What is counted.

    Attributes:
        features: Columns, in the order of the numbers in ``feature``.
        groups: ``all`` first, then the genre groups, in the order of the numbers in ``group``.
        grids: One per feature.
        moments: Of each group, one per feature.
    """

    features: tuple[str, ...]
    groups: tuple[str, ...]
    grids: tuple[Grid, ...]
    moments: GroupMoments

    @classmethod
    def of(cls, features: Sequence[str], grids: Sequence[Grid], moments: GroupMoments) -> Plan:
        """The plan for all groups of ``moments``."""
        groups = (ALL, *sorted(set(moments) - {ALL}))
        return cls(tuple(features), groups, tuple(grids), moments)

    def scales(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation of each group and feature, shapes (n_groups, n_features); 1 stands in for 0."""
        import numpy as np

        means = np.array([[m.mean for m in self.moments[group]] for group in self.groups])
        stds = np.array([[m.std or 1.0 for m in self.moments[group]] for group in self.groups])
        return means, stds


def with_flags(tracks: DataFrame, members: DataFrame, *, features: Sequence[str], groups: Sequence[str]) -> DataFrame:
    """One row per track, key ``track_id``: its features as doubles, and a flag per genre group.

    Args:
        tracks: Key ``track_id`` ``[track_id, *features]``.
        members: Key ``track_id, genre_group`` ``[track_id, genre_group]``.
        features: Columns to keep.
        groups: The flag of a group bears its position here; ``all`` gets none.

    Returns:
        ``[track_id, *features, *flag_names(groups)]``.
    """
    own = members.groupBy(TRACK_ID).agg(F.collect_set(GENRE_GROUP).alias("_groups"))
    flags = [
        F.coalesce(F.array_contains("_groups", group), F.lit(False)).alias(name)
        for name, group in zip(flag_names(groups), [group for group in groups if group != ALL], strict=True)
    ]
    kept = [F.col(name).cast("double").alias(name) for name in features]
    return tracks.join(own, on=TRACK_ID, how="left").select(TRACK_ID, *kept, *flags)


def flag_names(groups: Sequence[str]) -> list[str]:
    """Columns of ``with_flags``, in the order of the groups."""
    return [_FLAG.format(position) for position, group in enumerate(groups) if group != ALL]


def count_cells(flagged: DataFrame, *, plan: Plan) -> DataFrame:
    """Rows per group, feature and cell; at most groups x features x (2 points + bins) rows, whatever the tracks.

    Args:
        flagged: From ``with_flags``; null is not counted.
        plan: What to count.

    Returns:
        Key ``group, feature, cell`` ``[group, feature, cell, n, cubes, fourths]``. Cell -1 holds the number of values
        and the sums of the third and fourth powers of their z-scores within the group; other cells have 0 there.
    """

    def count(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        tally = Tally(plan)
        for batch in batches:
            tally.add(batch)
        yield tally.rows()

    parts = flagged.mapInPandas(count, CELLS)
    sums = [F.sum(name).alias(name) for name in ("n", "cubes", "fourths")]
    return parts.groupBy("group", "feature", "cell").agg(*sums)


class Tally:
    """Counts of one task, filled batch by batch."""

    def __init__(self, plan: Plan) -> None:
        import numpy as np

        self._plan = plan
        self._means, self._stds = plan.scales()
        self._starts = np.cumsum([0, *[grid.n_cells for grid in plan.grids]])
        shape = (len(plan.groups), len(plan.features))
        self._counts = np.zeros((len(plan.groups), int(self._starts[-1])), dtype=np.int64)
        self._sums = np.zeros((3, *shape))  # values, cubes, fourth powers

    def add(self, batch: pd.DataFrame) -> None:
        """Count the rows of a batch in each of their groups."""
        import numpy as np

        values = batch[list(self._plan.features)].to_numpy(float)
        cells = np.column_stack([grid.cells_of(values[:, i]) for i, grid in enumerate(self._plan.grids)])
        places = np.where(cells < 0, -1, cells + self._starts[:-1])
        for number, name in enumerate(self._plan.groups):
            rows = slice(None) if name == ALL else batch[_FLAG.format(number)].to_numpy(bool)
            self._add_group(number, values[rows], places[rows])

    def _add_group(self, number: int, values: np.ndarray, places: np.ndarray) -> None:
        import numpy as np

        self._counts[number] += np.bincount(places[places >= 0], minlength=self._counts.shape[1])
        z = (values - self._means[number]) / self._stds[number]
        self._sums[0, number] += (~np.isnan(z)).sum(axis=0)
        self._sums[1, number] += np.nansum(z**3, axis=0)
        self._sums[2, number] += np.nansum(z**4, axis=0)

    def rows(self) -> pd.DataFrame:
        """The rows of ``CELLS``."""
        import numpy as np
        import pandas as pd

        group, place = self._counts.nonzero()
        feature = np.searchsorted(self._starts, place, side="right") - 1
        counted = pd.DataFrame(
            {
                "group": group,
                "feature": feature,
                "cell": place - self._starts[feature],
                "n": self._counts[group, place],
                "cubes": 0.0,
                "fourths": 0.0,
            }
        )
        shape = self._sums.shape[1:]
        numbers, features = (index.ravel() for index in np.indices(shape))
        n, cubes, fourths = self._sums.reshape(3, -1)
        sums = {"n": n.astype(np.int64), "cubes": cubes, "fourths": fourths}
        return pd.concat([counted, pd.DataFrame({"group": numbers, "feature": features, "cell": SUMS, **sums})])
