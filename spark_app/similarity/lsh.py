"""Spark ML's own BucketedRandomProjectionLSH, all genre groups in one join.

It joins by a threshold and knows no groups, so each group gets a place of its own on one more axis, farther from the
next group than any threshold: tracks of two groups then almost never share a bucket, and never pass the threshold,
while distances inside a group stay what they are. One join costs a fraction of a job per group.
"""

from __future__ import annotations

from pyspark.ml.feature import BucketedRandomProjectionLSH
from pyspark.ml.functions import array_to_vector
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_app.columns import AUDIO12_Z, DISTANCE, RANK

MEMBER = "member"  # number of a sampled track in a group: group_number * MEMBERS_PER_GROUP + its place
MEMBERS_PER_GROUP = 100_000
_GAP = 1e6  # between two groups; over 1,000 times the bucket length, so that their hashes differ as well


def lsh_neighbours(
    sample: DataFrame, *, k: int, tables: int, bucket_length: float, max_threshold: float, seed: int
) -> DataFrame:
    """What ``approxSimilarityJoin`` finds, best k per member.

    Args:
        sample: One row per sampled track and group ``[member, threshold, *AUDIO12_Z]``; pairs of a group at
            ``threshold`` or more are not neighbours.
        k: Neighbours to keep.
        tables: Hash tables; a pair that shares a bucket in one of them is compared.
        bucket_length: Width of a bucket, in z units.
        max_threshold: Largest ``threshold`` of the sample.
        seed: Of the random projections.

    Returns:
        Key ``member, rank`` ``[member, rank, neighbour, distance]``, by (distance, neighbour). A member with
        nothing below its threshold has no row, as with the class itself.
    """
    vectors = sample.select(MEMBER, _placed().alias("vector"))
    hasher = BucketedRandomProjectionLSH(
        inputCol="vector", outputCol="hashes", bucketLength=bucket_length, numHashTables=tables, seed=seed
    )
    hashed = hasher.fit(vectors)
    pairs = hashed.approxSimilarityJoin(vectors, vectors, max_threshold, distCol=DISTANCE).select(
        F.col(f"datasetA.{MEMBER}").alias(MEMBER), F.col(f"datasetB.{MEMBER}").alias("neighbour"), DISTANCE
    )
    near = pairs.where(F.col(MEMBER) != F.col("neighbour")).join(
        F.broadcast(sample.select(MEMBER, "threshold")), on=MEMBER, how="inner"
    )
    best_first = Window.partitionBy(MEMBER).orderBy(DISTANCE, "neighbour")
    return (
        near.where(F.col(DISTANCE) < F.col("threshold"))
        .withColumn(RANK, F.row_number().over(best_first))
        .where(F.col(RANK) <= k)
        .select(MEMBER, RANK, "neighbour", DISTANCE)
    )


def _placed() -> Column:
    """The z-scores and, as a last coordinate, the place of the group."""
    group_number = F.floor(F.col(MEMBER) / MEMBERS_PER_GROUP)
    return array_to_vector(F.array(*AUDIO12_Z, (group_number * _GAP).cast("double")))
