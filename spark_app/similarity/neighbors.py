"""Nearest neighbours within groups, at a recall that is asked for, as a Spark ML estimator."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pyspark import keyword_only
from pyspark.ml import Estimator, Model
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.param.shared import HasInputCols, HasSeed
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.columns import GENRE_GROUP, TRACK_ID
from spark_app.errors import UsageError
from spark_app.similarity.build import Columns, build_shards
from spark_app.similarity.distances import EUCLIDEAN
from spark_app.similarity.engines import AUTO, ENGINES
from spark_app.similarity.index_files import StoredShard
from spark_app.similarity.kinds import METRICS, kind_of
from spark_app.similarity.layout import slots_of
from spark_app.similarity.search import Index, neighbours_of_all, neighbours_of_new
from spark_app.similarity.tuning import Goal
from spark_app.stores import absolute, is_reachable

# Doubles and ids of so many tracks take about 500 MB in a Python worker.
SHARD_ROWS = 2_000_000


def _param(name: str, doc: str, convert: Any) -> Any:
    return Param(Params._dummy(), name, doc, convert)


class _NeighborsParams(HasInputCols, HasSeed):
    k: Param[int] = _param("k", "neighbours per row, at least 1", TypeConverters.toInt)
    metric: Param[str] = _param("metric", ", ".join(METRICS), TypeConverters.toString)
    idCol: Param[str] = _param("idCol", "column of ids, strings", TypeConverters.toString)  # noqa: N815
    groupCol: Param[str] = _param(  # noqa: N815 - Spark ML's own naming
        "groupCol", "column whose groups are searched each by itself", TypeConverters.toString
    )
    targetRecall: Param[float] = _param(  # noqa: N815
        "targetRecall", "share of the exact neighbours to be found, in (0, 1]", TypeConverters.toFloat
    )
    engine: Param[str] = _param("engine", ", ".join(ENGINES), TypeConverters.toString)
    folder: Param[str] = _param("folder", "folder or URI where the index is stored", TypeConverters.toString)
    exactRows: Param[int] = _param(  # noqa: N815
        "exactRows", "groups of at most so many distinct rows are searched exactly by auto", TypeConverters.toInt
    )
    shardRows: Param[int] = _param(  # noqa: N815
        "shardRows", "rows of a group that one task holds in memory", TypeConverters.toInt
    )

    def _columns(self) -> Columns:
        return Columns(self.getOrDefault(self.idCol), self.getOrDefault(self.groupCol), tuple(self.getInputCols()))


class NearestNeighbors(Estimator, _NeighborsParams, DefaultParamsReadable, DefaultParamsWritable):
    """Builds an index of each group's rows, by the cheapest engine that reaches ``targetRecall`` on a sample.

    =======  =======================================================================================================
    engine   candidates of a row
    =======  =======================================================================================================
    exact    all rows of its group: vectors in blocks of matrix products (FAISS flat), sets of sparse ones
    ivf      the rows of the lists whose centres are nearest (FAISS IVF)
    graph    what a walk over a small-world graph meets (FAISS HNSW)
    lsh      the rows that share a bucket with it in one of several hash tables (``hash_tables.py``, ``minhash.py``)
    auto     ``exact`` up to ``exactRows`` distinct rows; else the cheapest of exact, ivf and graph, or exact and lsh
    =======  =======================================================================================================

    Rows are vectors, ``inputCols`` being columns of numbers, compared by ``euclidean``, ``cosine`` or ``inner_product``
    (``distances.py``); or sets, ``inputCols`` being one column of arrays of strings or integers, for ``jaccard``
    (``sets.py``), which ``ivf`` and ``graph`` do not serve. An element counts once in an array, and null is none; an
    empty set is at distance 1 from all others, empty ones too. Elements that only new rows have enlarge unions.

    Candidates are measured again in float64, and ties go by id; a row for which an engine finds fewer than k is
    searched exactly. An engine that cannot reach the recall gives way to ``exact``; the model's ``shards`` tell.
    Vectors must not hold nulls or NaN: leave such rows out before. Rows whose set is null are left out. The index is
    stored below ``folder``, in files of its own, and the model holds their names and checksums.

    Raises:
        UsageError: from ``fit``, for an unknown metric, engine or kind of folder, an engine that does not serve the
            metric, or a number out of range; from ``fit`` and ``transform``, for a column of a type that the metric
            does not compare.
    """

    _input_kwargs: dict[str, Any]  # set by keyword_only

    @keyword_only
    def __init__(
        self,
        *,
        inputCols: list[str] | None = None,  # noqa: N803
        folder: str | None = None,
        k: int = 10,
        metric: str = EUCLIDEAN,
        idCol: str = TRACK_ID,  # noqa: N803
        groupCol: str = GENRE_GROUP,  # noqa: N803
        targetRecall: float = 0.99,  # noqa: N803
        engine: str = AUTO,
        exactRows: int = 20_000,  # noqa: N803
        shardRows: int = SHARD_ROWS,  # noqa: N803
        seed: int = 42,
    ) -> None:
        super().__init__()
        defaults = {
            "k": 10, "metric": EUCLIDEAN, "idCol": TRACK_ID, "groupCol": GENRE_GROUP, "targetRecall": 0.99,
            "engine": AUTO, "exactRows": 20_000, "shardRows": SHARD_ROWS, "seed": 42,
        }  # fmt: skip
        self._setDefault(**defaults)
        self._set(**self._input_kwargs)

    def _fit(self, dataset: DataFrame) -> NearestNeighborsModel:
        group = self.getOrDefault(self.groupCol)
        rows = dataset.groupBy(group).agg(F.count("*").alias("n")).collect()  # one row per group
        sizes = {row[group]: row["n"] for row in sorted(rows, key=lambda row: (-row["n"], row[group]))}
        return self.fit_groups(dataset, sizes)

    def fit_groups(self, dataset: DataFrame, sizes: Mapping[str, int]) -> NearestNeighborsModel:
        """As ``fit``, for these groups alone, whose rows the caller has counted; the biggest first."""
        self._check()
        goal = Goal(
            k=self.getOrDefault(self.k),
            recall=self.getOrDefault(self.targetRecall),
            engine=self.getOrDefault(self.engine),
            exact_rows=self.getOrDefault(self.exactRows),
            seed=self.getSeed(),
            threads=_spare_cores(dataset, len(sizes)),
        )
        shards = build_shards(
            dataset,
            slots_of(sizes, shard_rows=self.getOrDefault(self.shardRows)),
            columns=self._columns(),
            metric=self.getOrDefault(self.metric),
            goal=goal,
            folder=absolute(self.getOrDefault(self.folder)),
        )
        model = NearestNeighborsModel()._set(state=json.dumps([shard.as_dict() for shard in shards]))
        model._resetUid(self.uid)
        return self._copyValues(model)

    def _check(self) -> None:
        metric, engine = self.getOrDefault(self.metric), self.getOrDefault(self.engine)
        engines = kind_of(metric).engines
        if engine not in ENGINES:
            raise UsageError(f"there is no engine {engine!r}", f"Engines: {', '.join(engines)}.")
        if engine not in engines:
            raise UsageError(f"engine {engine!r} does not search by {metric}", f"Engines: {', '.join(engines)}.")
        if not is_reachable(self.getOrDefault(self.folder)):
            raise UsageError(
                f"an index cannot lie in {self.getOrDefault(self.folder)}", "Write a path, file:, s3:// or s3a://."
            )
        if not 0 < self.getOrDefault(self.targetRecall) <= 1:
            raise UsageError(f"targetRecall {self.getOrDefault(self.targetRecall)}: write a number in (0, 1]")
        for name in ("k", "shardRows"):
            if self.getOrDefault(name) < 1:
                raise UsageError(f"{name} {self.getOrDefault(name)}: write a number above 0")


class NearestNeighborsModel(Model, _NeighborsParams, DefaultParamsReadable, DefaultParamsWritable):
    """An index that is stored below ``folder``; made by ``NearestNeighbors``."""

    state: Param[str] = _param("state", "the shards, as JSON", TypeConverters.toString)

    @property
    def shards(self) -> list[StoredShard]:
        """What is stored, by group, then number: engine, parameters, measured recall, files and checksums."""
        return [StoredShard(**shard) for shard in json.loads(self.getOrDefault(self.state))]

    def with_shards(self, shards: Sequence[StoredShard]) -> NearestNeighborsModel:
        """The same model over other shards: such as those of groups that did not change, beside rebuilt ones."""
        return self.copy()._set(state=json.dumps([shard.as_dict() for shard in shards]))

    @property
    def index(self) -> Index:
        """The index, for ``search.py``."""
        return Index(
            folder=self.getOrDefault(self.folder),
            columns=self._columns(),
            metric=self.getOrDefault(self.metric),
            seed=self.getSeed(),
            shards=tuple(self.shards),
        )

    def neighbours(self, dataset: DataFrame, groups: Collection[str] | None = None) -> DataFrame:
        """The k nearest rows of every row that the index holds (``search.neighbours_of_all``).

        Args:
            dataset: Gives the session; its rows are not read.
            groups: Whose rows are searched for; default all.
        """
        return neighbours_of_all(dataset.sparkSession, self.index, k=self.getOrDefault(self.k), groups=groups)

    def _transform(self, dataset: DataFrame) -> DataFrame:
        """The k nearest rows of the index for each row of ``dataset`` (``search.neighbours_of_new``)."""
        return neighbours_of_new(dataset, self.index, k=self.getOrDefault(self.k))


def _spare_cores(dataset: DataFrame, n_groups: int) -> int:
    """Cores that one of so many tasks may use: those of its executor that would stand idle."""
    context = dataset.sparkSession.sparkContext
    cores = int(context.getConf().get("spark.executor.cores", str(context.defaultParallelism)))
    return max(1, min(cores, context.defaultParallelism) // max(n_groups, 1))
