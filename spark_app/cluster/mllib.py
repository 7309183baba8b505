"""K-Means of a group that is too large for one task: Spark ML's, with the rows that ``tasks`` gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyspark import StorageLevel
from pyspark.ml.clustering import KMeans
from pyspark.ml.functions import array_to_vector
from pyspark.sql import Column, DataFrame, Row, Window
from pyspark.sql import functions as F

from spark_app.cluster.assign import with_nearest
from spark_app.cluster.choice import Choice, chosen_k, stability
from spark_app.cluster.kmeans import one_thread, order_of
from spark_app.cluster.plan import ClusterPlan, seed_of
from spark_app.cluster.rows import CARD_COLUMNS, MEMBER_COLUMNS, standardised
from spark_app.columns import ARTIST_ID, AUDIO12_Z, CLUSTER, DISTANCE, GENRE_GROUP, TRACK_ID
from spark_app.features.samples import hashed_sample

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

ENGINE = "mllib"
_PARTITION_ROWS = 50_000
_MOST_STEPS = 300  # as scikit-learn's; after MLlib's 20 the inertia still falls
_VECTOR = "vector"


def cluster_by_mllib(members: DataFrame, *, group: str, n_members: int, plan: ClusterPlan) -> DataFrame:
    """Rows of ``CLUSTERED``, one per member. This acts: it fits the group and describes its clusters.

    k-means|| (Bahmani et al., 2012) starts each of ``plan.starts`` fits; the one with the smallest inertia stays.

    Args:
        members: As ``cluster_in_tasks`` takes them, of one group.
        group: Its name.
        n_members: Its members.
        plan: Of the clustering.
    """
    seed = seed_of(group, plan.seed)
    # Partitions follow from the number of rows alone, and rows are in order: the same rows give the same model.
    partitions = -(-n_members // _PARTITION_ROWS)
    laid_out = members.select(TRACK_ID, GENRE_GROUP, ARTIST_ID, *AUDIO12_Z).repartition(partitions, TRACK_ID)
    rows = laid_out.sortWithinPartitions(TRACK_ID).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        choice, agreement = _sample_says(rows, plan, seed)
        centres = _fitted_centres(rows, choice.k, plan, seed)
        found = with_nearest(rows, centres={group: centres})
        totals = {row[CLUSTER]: row for row in _totals(found).collect()}  # k rows
        order = order_of(_sizes(totals, len(centres)), centres)
        renumbered = _renumbered(found, order)
        exemplars = {row[CLUSTER]: row["ids"] for row in _exemplars(renumbered, plan.exemplars).collect()}  # k rows
        profile = _profile(rows, centres[order])
    finally:
        rows.unpersist()
    cards = [
        (
            exemplars[number][0],
            len(order),
            totals[place]["n"],
            totals[place]["inertia"],
            centres[place].tolist(),
            profile[number].tolist(),
            exemplars[number],
            choice.score,
            agreement,
            ENGINE,
        )
        for number, place in enumerate(order.tolist())
    ]
    return _with_cards(_renumbered(with_nearest(laid_out, centres={group: centres}), order), cards)


def _sample_says(rows: DataFrame, plan: ClusterPlan, seed: int) -> tuple[Choice, float | None]:
    drawn = hashed_sample(rows.select(TRACK_ID, *AUDIO12_Z), key=TRACK_ID, rows=plan.sample_rows, seed=plan.seed)
    sample: pd.DataFrame = drawn.orderBy(TRACK_ID).drop(TRACK_ID).toPandas()  # plan.sample_rows rows
    vectors = sample.to_numpy(float)

    def n_distinct() -> int:
        return rows.select(*AUDIO12_Z).distinct().count()

    with one_thread():  # as in a task, so that sums are the same
        choice = chosen_k(vectors, n_distinct=n_distinct, plan=plan, seed=seed)
        return choice, stability(vectors, k=choice.k, plan=plan, seed=seed)


def _fitted_centres(rows: DataFrame, k: int, plan: ClusterPlan, seed: int) -> np.ndarray:
    """Of the fit with the smallest inertia, shape (at most k, 12)."""
    import numpy as np

    if k == 1:  # which MLlib refuses
        return np.array([list(rows.agg(*[_mean(z) for z in AUDIO12_Z]).collect()[0])])  # one row
    vectors = rows.select(array_to_vector(F.array(*AUDIO12_Z)).alias(_VECTOR))
    fits = []
    for number in range(plan.starts):
        kmeans = KMeans(featuresCol=_VECTOR, k=k, initSteps=plan.init_steps, maxIter=_MOST_STEPS, seed=seed + number)
        model = kmeans.fit(vectors)
        fits.append((model.summary.trainingCost, number, np.array(model.clusterCenters())))
    return min(fits, key=lambda fit: fit[:2])[2]


def _mean(column: str) -> Column:
    # The mean of ten times 0.1 is not 0.1 in floating point.
    return F.when(F.min(column) == F.max(column), F.min(column)).otherwise(F.avg(column))


def _totals(found: DataFrame) -> DataFrame:
    squared = F.col(DISTANCE) * F.col(DISTANCE)
    return found.groupBy(CLUSTER).agg(F.count("*").alias("n"), F.sum(squared).alias("inertia"))


def _sizes(totals: dict[int, Row], k: int) -> np.ndarray:
    import numpy as np

    return np.array([totals[number]["n"] if number in totals else 0 for number in range(k)])


def _renumbered(found: DataFrame, order: np.ndarray) -> DataFrame:
    """Clusters by their place in ``order`` instead of their position among the centres."""
    places = [F.lit(value) for number, place in enumerate(order.tolist()) for value in (place, number)]
    return found.withColumn(CLUSTER, F.create_map(*places)[F.col(CLUSTER)])


def _exemplars(found: DataFrame, n: int) -> DataFrame:
    """``[cluster, ids]`` as ``exemplars_of`` chooses them."""
    artist = F.coalesce(ARTIST_ID, TRACK_ID)  # without an artist a track stands alone
    of_artist = Window.partitionBy(CLUSTER, "artist").orderBy(DISTANCE, TRACK_ID)
    of_cluster = Window.partitionBy(CLUSTER).orderBy("is_repeat", DISTANCE, TRACK_ID)
    ranked = (
        found.select(TRACK_ID, CLUSTER, DISTANCE, artist.alias("artist"))
        .withColumn("is_repeat", F.row_number().over(of_artist) > 1)
        .withColumn("place", F.row_number().over(of_cluster))
        .where(F.col("place") <= n)
    )
    nearest_first = F.sort_array(F.collect_list(F.struct(DISTANCE, TRACK_ID)))
    return ranked.groupBy(CLUSTER).agg(nearest_first[TRACK_ID].alias("ids"))


def _profile(rows: DataFrame, centres: np.ndarray) -> np.ndarray:
    import numpy as np

    measures = [F.struct(F.avg(z), F.stddev_pop(z), F.min(z), F.max(z)) for z in AUDIO12_Z]
    found: Any = np.array([list(of_feature) for of_feature in rows.agg(*measures).collect()[0]])  # one row
    mean, std, low, high = found.T
    return standardised(centres, mean=mean, std=np.where(high > low, std, 0.0))


def _with_cards(found: DataFrame, cards: list[tuple[Any, ...]]) -> DataFrame:
    ddl = ", ".join(f"{name} {kind}" for name, kind in {TRACK_ID: "string", **CARD_COLUMNS}.items())
    frame = found.sparkSession.createDataFrame(cards, ddl)
    joined = found.join(F.broadcast(frame), on=TRACK_ID, how="left")
    return joined.select(*MEMBER_COLUMNS, *CARD_COLUMNS)
