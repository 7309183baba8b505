"""Forests whose trees scikit-learn grows in parallel tasks, merged into one compact model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark import keyword_only
from pyspark.ml import Estimator
from pyspark.ml.functions import vector_to_array
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.param.shared import HasFeaturesCol, HasLabelCol, HasSeed, HasWeightCol
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_app.classify.arrays import ArrayModel
from spark_app.classify.forest import Forest, flat_tree, merged
from spark_app.classify.params import given
from spark_app.classify.probabilities import LABEL_INDEX, VECTOR, with_prediction
from spark_app.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_ORDER, _LABEL, _WEIGHT, _BLOCK, _VALUE = "_order", "_label", "_weight", "_block", "_value{}"
_ARRAYS = ("roots", "feature", "threshold", "right", "shares")
_GROWN = "block int, array string, dtype string, shape array<bigint>, content binary"
_DRAWS = 1 << 20  # resolution of a block's share of the rows


@dataclass(frozen=True)
class Growth:
    """How trees grow; sent to the tasks."""

    trees: int
    depth: int
    min_rows: int
    trees_per_task: int
    n_labels: int
    seed: int


class _ForestParams(HasFeaturesCol, HasLabelCol, HasWeightCol, HasSeed):
    trees: Param[int] = Param(Params._dummy(), "trees", "number of trees", TypeConverters.toInt)
    depth: Param[int] = Param(Params._dummy(), "depth", "longest path", TypeConverters.toInt)
    minRows: Param[int] = Param(  # noqa: N815 - Spark ML's own naming
        Params._dummy(), "minRows", "fewest distinct rows in a leaf", TypeConverters.toInt
    )
    treesPerTask: Param[int] = Param(  # noqa: N815
        Params._dummy(), "treesPerTask", "trees that one task grows from its rows", TypeConverters.toInt
    )
    rowsPerTask: Param[int] = Param(  # noqa: N815
        Params._dummy(), "rowsPerTask", "rows a task holds; beyond it, a hashed share", TypeConverters.toInt
    )
    nLabels: Param[int] = Param(Params._dummy(), "nLabels", "declared labels", TypeConverters.toInt)  # noqa: N815
    keyCol: Param[str] = Param(  # noqa: N815
        Params._dummy(), "keyCol", "key that orders the rows; unset: their values", TypeConverters.toString
    )

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(featuresCol=VECTOR, labelCol=LABEL_INDEX, seed=0, trees=100, depth=20, minRows=3)
        self._setDefault(treesPerTask=10, rowsPerTask=250_000)


class GrownForest(Estimator, _ForestParams, DefaultParamsReadable, DefaultParamsWritable):
    """A random forest (Breiman 2001) of ``DecisionTreeClassifier(max_features="sqrt")`` on bootstrap samples.

    Trees are numbered; tree ``i`` draws from ``(seed, i)``. Tasks grow ``treesPerTask`` trees each, from all training
    rows, or from a share of about ``rowsPerTask`` of them that the hash of (row, task, seed) picks, so that a task's
    memory is bounded. Rows are ordered by a hash of ``keyCol``, or of their values: the model follows from the rows,
    whatever their partitions and the number of cores. A leaf keeps shares of its labels in 255ths.

    Raises:
        DataError: from ``fit``, when there is no row, or a label, weight or feature is null or not finite.
    """

    _input_kwargs: dict[str, Any]  # set by keyword_only

    @keyword_only
    def __init__(
        self,
        *,
        featuresCol: str | None = None,  # noqa: N803
        labelCol: str | None = None,  # noqa: N803
        weightCol: str | None = None,  # noqa: N803
        keyCol: str | None = None,  # noqa: N803
        trees: int | None = None,
        depth: int | None = None,
        minRows: int | None = None,  # noqa: N803
        treesPerTask: int | None = None,  # noqa: N803
        rowsPerTask: int | None = None,  # noqa: N803
        nLabels: int | None = None,  # noqa: N803
        seed: int | None = None,
    ) -> None:
        super().__init__()
        self._set(**given(self._input_kwargs))

    def _fit(self, dataset: DataFrame) -> GrownForestModel:
        rows = self._rows(dataset)
        width, n_rows, n_labels = _checked(rows)
        growth = Growth(
            trees=self.getOrDefault(self.trees),
            depth=self.getOrDefault(self.depth),
            min_rows=self.getOrDefault(self.minRows),
            trees_per_task=self.getOrDefault(self.treesPerTask),
            n_labels=max(n_labels, self.getOrDefault(self.nLabels) if self.isDefined(self.nLabels) else 0),
            seed=self.getSeed(),
        )
        blocks = -(-growth.trees // growth.trees_per_task)
        share = min(1.0, self.getOrDefault(self.rowsPerTask) / n_rows)
        dealt = _dealt(_wide(rows, width), blocks=blocks, share=share, seed=growth.seed)
        grown = dealt.groupBy(_BLOCK).applyInPandas(_grower(growth, width), _GROWN)
        model = GrownForestModel().with_arrays(_collected(grown))
        model._resetUid(self.uid)
        return self._copyValues(model)

    def _rows(self, dataset: DataFrame) -> DataFrame:
        """``[_order, _label, _weight, _values]``, one row per training row."""
        values = vector_to_array(F.col(self.getFeaturesCol()), "float32")
        label = F.col(self.getLabelCol()).cast("int")
        weight = F.col(self.getWeightCol()).cast("double") if self.isDefined(self.weightCol) else F.lit(1.0)
        order = F.xxhash64(self.getOrDefault(self.keyCol)) if self.isDefined(self.keyCol) else F.xxhash64(values, label)
        return dataset.select(order.alias(_ORDER), label.alias(_LABEL), weight.alias(_WEIGHT), values.alias("_values"))


class GrownForestModel(ArrayModel, _ForestParams):
    """Fitted by :class:`GrownForest`: adds ``probability`` and ``prediction``."""

    @property
    def forest(self) -> Forest:
        """The trees."""
        return Forest(**{name: self.arrays[name] for name in _ARRAYS})

    def _transform(self, dataset: DataFrame) -> DataFrame:
        from spark_app.classify.vectorised import over_vectors

        sent = self.broadcast(self.forest)

        shares = over_vectors(
            lambda values: sent.value.probabilities(values), F.col(self.getFeaturesCol()), kind="float32"
        )
        return with_prediction(dataset, shares)


def _checked(rows: DataFrame) -> tuple[int, int, int]:
    """Number of features, rows and labels (one more than the largest index), in one pass."""
    is_finite = F.forall("_values", lambda v: v.isNotNull() & ~F.isnan(v) & (F.abs(v) < float("inf")))
    is_usable = is_finite & F.col(_LABEL).isNotNull() & (F.col(_LABEL) >= 0) & (F.col(_WEIGHT) >= 0)
    found = rows.agg(
        F.count(F.lit(1)).alias("n"),
        F.count_if(~F.coalesce(is_usable, F.lit(False))).alias("n_wrong"),
        F.max(F.size("_values")).alias("width"),
        F.max(_LABEL).alias("last"),
    ).collect()[0]  # one row
    if not found["n"]:
        raise DataError("no row to train on", "See: spark-app show models.splits")
    if found["n_wrong"]:
        raise DataError(
            f"{found['n_wrong']:,} of {found['n']:,} training rows have no label, no weight, or a feature that is "
            "null, NaN or infinite",
            "Prepare the rows with fit_preparation, and leave out those without a declared label.",
        )
    return found["width"], found["n"], found["last"] + 1


def _wide(rows: DataFrame, width: int) -> DataFrame:
    # One plain column per feature: pandas takes those as blocks, arrays only object by object.
    values = [F.col("_values")[i].alias(_VALUE.format(i)) for i in range(width)]
    return rows.select(_ORDER, _LABEL, _WEIGHT, *values)


def _dealt(rows: DataFrame, *, blocks: int, share: float, seed: int) -> DataFrame:
    """Each row once per block that takes it, each block in a partition of its own."""
    dealt = rows.withColumn("_task", F.explode(F.sequence(F.lit(0), F.lit(blocks - 1))))
    if share < 1:
        draw = F.pmod(F.xxhash64(_ORDER, "_task", F.lit(seed).cast("long")), F.lit(_DRAWS))
        dealt = dealt.where(draw < int(share * _DRAWS))
    keys = F.array(*[F.lit(key) for key in _spread_keys(rows.sparkSession, blocks)])
    return dealt.withColumn(_BLOCK, F.element_at(keys, F.col("_task") + 1)).repartition(blocks, _BLOCK)


def _spread_keys(spark: SparkSession, blocks: int) -> list[int]:
    """Multiples of ``blocks`` plus 0, 1, 2 ... that Spark's hash sends to partitions 0, 1, 2 ...

    Small numbers would share partitions, and two tasks would grow what all cores could. Key modulo ``blocks`` is
    the number of the block.
    """
    candidates = spark.range(blocks * blocks * 16).select(F.col("id").cast("int").alias("key"))
    place: Column = F.pmod(F.hash("key"), F.lit(blocks))
    fits = candidates.where(place == F.pmod("key", F.lit(blocks)))
    found = fits.groupBy(F.pmod("key", F.lit(blocks)).alias("block")).agg(F.min("key").alias("key"))
    keys = {row["block"]: row["key"] for row in found.collect()}  # one row per block
    return [keys.get(block, block) for block in range(blocks)]


def _grower(growth: Growth, width: int) -> Callable[[tuple[Any, ...], pd.DataFrame], pd.DataFrame]:
    """The function of one task: rows of one block in, arrays of its merged trees out."""

    def grow(key: tuple[Any, ...], rows: pd.DataFrame) -> pd.DataFrame:
        import numpy as np
        import pandas as pd

        blocks = -(-growth.trees // growth.trees_per_task)
        block = int(key[0]) % blocks
        ordered = rows.sort_values(_ORDER, kind="stable", ignore_index=True)
        values = ordered[[_VALUE.format(i) for i in range(width)]].to_numpy(np.float32)
        first = block * growth.trees_per_task
        numbers = range(first, min(first + growth.trees_per_task, growth.trees))
        labels, weights = ordered[_LABEL].to_numpy(), ordered[_WEIGHT].to_numpy()
        forest = merged(list(_trees(growth, numbers, values, labels, weights)))
        return pd.DataFrame(
            [
                (block, name, array.dtype.str, list(array.shape), array.tobytes())
                for name, array in ((name, getattr(forest, name)) for name in _ARRAYS)
            ],
            columns=["block", "array", "dtype", "shape", "content"],
        )

    return grow


def _trees(
    growth: Growth, numbers: range, values: np.ndarray, labels: np.ndarray, weights: np.ndarray
) -> Iterator[Forest]:
    """Each numbered tree, grown on its own bootstrap sample of the rows."""
    import numpy as np
    from sklearn.tree import DecisionTreeClassifier

    for number in numbers:
        random = np.random.default_rng([growth.seed, number])
        drawn = np.bincount(random.integers(len(values), size=len(values)), minlength=len(values))
        taken = np.flatnonzero(drawn * weights > 0)
        tree = DecisionTreeClassifier(
            max_depth=growth.depth,
            min_samples_leaf=growth.min_rows,
            max_features="sqrt",
            random_state=int(random.integers(2**31)),
        )
        tree.fit(values[taken], labels[taken], sample_weight=(drawn * weights)[taken])
        yield flat_tree(tree, n_labels=growth.n_labels)


def _collected(grown: DataFrame) -> dict[str, np.ndarray]:
    """The arrays of the whole forest; what is collected is the model itself, a few MB."""
    import numpy as np

    parts: dict[int, dict[str, np.ndarray]] = {}
    for row in grown.collect():  # a row per block and array, together the model: a few MB
        array = np.frombuffer(row["content"], dtype=np.dtype(row["dtype"])).reshape(row["shape"])
        parts.setdefault(row["block"], {})[row["array"]] = array
    forest = merged([Forest(**parts[block]) for block in sorted(parts)])
    return {name: getattr(forest, name) for name in _ARRAYS}
