"""What differs between rows that are vectors and rows that are sets, from columns of a frame to the search space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_app.errors import UsageError
from spark_app.similarity import distances
from spark_app.similarity.costs import Costs, SetCosts, VectorCosts
from spark_app.similarity.engines import AUTO, ENGINES, EXACT, GRAPH, IVF, LSH
from spark_app.similarity.hash_tables import BucketedRandomProjection, SignRandomProjection
from spark_app.similarity.members import Members
from spark_app.similarity.minhash import MinHashTables
from spark_app.similarity.sets import JACCARD, Sets, SetSpace

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from spark_app.similarity.hash_tuning import Hashing
    from spark_app.similarity.spaces import Rows, Space

METRICS = (*distances.METRICS, JACCARD)


class Kind(Protocol):
    """A kind of rows.

    Attributes:
        engines: Those of ``engines.ENGINES`` that search them.
        automatic: Those that ``auto`` tries beside ``exact``.
        task_pairs: Rows compared in one task of a search: some seconds.
    """

    engines: ClassVar[tuple[str, ...]]
    automatic: ClassVar[tuple[str, ...]]
    task_pairs: ClassVar[float]

    def selected(self, frame: DataFrame, keys: Sequence[str], inputs: Sequence[str]) -> DataFrame:
        """``[*keys, *inputs]`` of the rows that can be compared.

        Raises:
            UsageError: A column of ``inputs`` has a type that the metric does not compare.
        """
        ...

    def gathered(self, rows: pd.DataFrame, inputs: Sequence[str]) -> Any:
        """The rows of such a frame, as ``prepared`` and ``index_files.write_vectors`` take them."""
        ...

    def prepared(self, rows: Any) -> Rows:
        """What distances are measured between."""
        ...

    def members(self, rows: Any) -> Members:
        """Prepared rows, those that are equal collapsed."""
        ...

    def space(self, distinct: Any) -> Space:
        """The search space of distinct prepared rows, at least one."""
        ...

    def costs(self, space: Any, *, cores: int) -> Costs:
        """What engines over a space cost, in a task that has so many cores to build with."""
        ...

    def hashing(self) -> Hashing:
        """The hash functions that near rows share."""
        ...


@dataclass(frozen=True)
class VectorKind:
    """Vectors, a column a feature, compared by one of ``distances.METRICS``."""

    metric: str

    engines: ClassVar[tuple[str, ...]] = ENGINES
    automatic: ClassVar[tuple[str, ...]] = (IVF, GRAPH)
    task_pairs: ClassVar[float] = 2e9

    def selected(self, frame: DataFrame, keys: Sequence[str], inputs: Sequence[str]) -> DataFrame:
        """See ``Kind``: columns of numbers, whose nulls the caller has left out."""
        for name, kind in _types(frame, inputs):
            if not isinstance(kind, (T.NumericType, T.BooleanType)):
                raise UsageError(
                    f"column {name!r} is {kind.simpleString()}: metric {self.metric} compares columns of numbers",
                    f"A column of arrays is compared by metric {JACCARD}.",
                )
        return frame.select(*keys, *inputs)

    def gathered(self, rows: pd.DataFrame, inputs: Sequence[str]) -> np.ndarray:
        """Float64 of shape (n, n_features)."""
        return rows[list(inputs)].to_numpy(float)

    def prepared(self, rows: np.ndarray) -> np.ndarray:
        """See ``distances.prepared``."""
        return distances.prepared(rows, self.metric)

    def members(self, rows: np.ndarray) -> Members:
        """See ``Members.of``."""
        return Members.of(rows)

    def space(self, distinct: np.ndarray) -> distances.SearchSpace:
        """See ``distances.SearchSpace``."""
        return distances.SearchSpace(distinct, self.metric)

    def costs(self, space: distances.SearchSpace, *, cores: int) -> VectorCosts:
        """See ``Kind``."""
        n, width = space.rows.shape
        return VectorCosts(n, width, cores)

    def hashing(self) -> Hashing:
        """See ``Kind``: made for the distance between vectors, or for the angle."""
        return BucketedRandomProjection if self.metric == distances.EUCLIDEAN else SignRandomProjection


@dataclass(frozen=True)
class SetKind:
    """Sets, one column of arrays, compared by ``jaccard``."""

    engines: ClassVar[tuple[str, ...]] = (AUTO, EXACT, LSH)
    automatic: ClassVar[tuple[str, ...]] = (LSH,)
    task_pairs: ClassVar[float] = 5e7

    def selected(self, frame: DataFrame, keys: Sequence[str], inputs: Sequence[str]) -> DataFrame:
        """See ``Kind``: one column of arrays of strings or integers. Rows whose array is null are left out, and
        so are null elements.
        """
        if len(inputs) != 1:
            raise UsageError(f"inputCols {list(inputs)}: metric {JACCARD} compares one column of arrays")
        [(name, kind)] = _types(frame, inputs)
        element = kind.elementType if isinstance(kind, T.ArrayType) else None
        if not isinstance(element, (T.StringType, T.IntegralType)):
            raise UsageError(
                f"column {name!r} is {kind.simpleString()}: metric {JACCARD} compares arrays of strings or integers"
            )
        stored = "array<string>" if isinstance(element, T.StringType) else "array<bigint>"
        elements = F.array_compact(F.col(name)).cast(stored)
        return frame.where(F.col(name).isNotNull()).select(*keys, elements.alias(name))

    def gathered(self, rows: pd.DataFrame, inputs: Sequence[str]) -> pa.ListArray:
        """Lists of strings or int64."""
        import pyarrow as pa

        lists = pa.array(rows[inputs[0]])
        if pa.types.is_null(lists.type.value_type):  # all are empty
            lists = lists.cast(pa.list_(pa.string()))
        return lists

    def prepared(self, rows: pa.ListArray) -> Sets:
        """See ``Sets.of``."""
        return Sets.of(rows)

    def members(self, rows: Sets) -> Members:
        """See ``Sets.collapsed``."""
        first, which = rows.collapsed()
        return Members.sharing(rows[first], which)

    def space(self, distinct: Sets) -> SetSpace:
        """See ``sets.SetSpace``."""
        return SetSpace(distinct)

    def costs(self, space: SetSpace, *, cores: int) -> SetCosts:
        """See ``Kind``."""
        import numpy as np

        frequency = np.bincount(space.rows.indices).astype(float)
        return SetCosts(space.rows.shape[0], space.rows.nnz, float((frequency**2).sum()))

    def hashing(self) -> Hashing:
        """See ``Kind``."""
        return MinHashTables


def kind_of(metric: str) -> Kind:
    """The kind of rows that a metric compares.

    Raises:
        UsageError: There is no such metric.
    """
    if metric not in METRICS:
        raise UsageError(f"there is no metric {metric!r}", f"Metrics: {', '.join(METRICS)}.")
    return SetKind() if metric == JACCARD else VectorKind(metric)


def _types(frame: DataFrame, names: Sequence[str]) -> list[tuple[str, T.DataType]]:
    fields = frame.select(*names).schema.fields
    return [(name, field.dataType) for name, field in zip(names, fields, strict=True)]
