"""How rows, albums and artists lie in a catalogue."""

from __future__ import annotations

import pytest

from spark_app.errors import UsageError
from spark_app.sources.sample.randomness import Draws
from spark_app.sources.sample.shape import FIXED_SHAPE_FROM, SUPERBLOCK, Shape, artist_in_slot, slot_of_artist

DRAWS = Draws(5)
# tracks, rows per cluster, rows per block, artists: worked out by hand from the docstrings
SHAPES = [(100, 4, 4, 50), (300, 8, 8, 76), (1_000, 20, 20, 100), (2_000, 60, 20, 170), (20_000, 120, 20, 1_670)]


@pytest.mark.parametrize(("tracks", "cluster", "block", "artists"), SHAPES)
def test_a_cluster_never_holds_more_than_a_thirtieth_of_the_rows_so_that_splits_work(tracks, cluster, block, artists):
    shape = Shape(tracks)
    assert (shape.rows_per_cluster, shape.rows_per_block, shape.artists) == (cluster, block, artists)
    assert cluster <= max(4, tracks / 33)
    assert cluster % block == 0


@pytest.mark.parametrize("tracks", [99, 100_000_001])
def test_a_size_out_of_bounds_is_a_usage_error_that_names_them(tracks):
    with pytest.raises(UsageError) as caught:
        Shape(tracks)
    assert "between 100 and 100,000,000" in caught.value.remedy


@pytest.mark.parametrize("tracks", [100, 300, 1_000, 20_000])
def test_every_album_has_one_artist_consecutive_rows_and_numbers_from_one(spark, tracks):
    shape = Shape(tracks)
    album = shape.album(DRAWS, "id")
    rows = spark.range(shape.rows_per_cluster * 5).selectExpr(
        "id", f"{album} AS album", f"{shape.track_number(DRAWS, 'id')} AS n", f"{shape.cluster('id')} AS cluster"
    )
    rows = rows.selectExpr("*", f"{shape.artist_of_album(DRAWS, 'album')} AS artist").toPandas()  # 600 rows at most

    for _, of_album in rows.groupby("album"):
        assert list(of_album["n"]) == list(range(1, len(of_album) + 1))
        assert list(of_album["id"]) == list(range(of_album["id"].min(), of_album["id"].max() + 1))
    assert (rows["artist"] // shape.artists_per_cluster == rows["cluster"]).all()
    # The n-th album of a cluster is its n-th artist's, so nobody is without an album.
    assert rows["artist"].nunique() == 5 * shape.artists_per_cluster


def test_the_album_that_every_artist_has_is_found_from_the_artist(spark):
    shape = Shape(20_000)
    found = spark.range(50).selectExpr(
        "id AS artist",
        f"{shape.first_row_of_artist(DRAWS, 'id')} AS first",
        f"{shape.rows_of_artist(DRAWS, 'id')} AS n",
    )
    back = found.selectExpr("artist", "explode(sequence(first, first + n - 1)) AS r")
    back = back.selectExpr("artist", f"{shape.album(DRAWS, 'r')} AS album")
    back = back.selectExpr("artist", "album", f"{shape.artist_of_album(DRAWS, 'album')} AS of_album").toPandas()  # 500

    assert (back["artist"] == back["of_album"]).all()
    assert back.groupby("artist")["album"].nunique().eq(1).all()


def test_two_hundred_artists_take_every_slot_once_and_a_slot_leads_back_to_its_artist(spark):
    found = spark.range(3 * SUPERBLOCK).selectExpr("id", f"{slot_of_artist(DRAWS, 'id')} AS slot")
    found = found.selectExpr(
        "id", "slot", f"{artist_in_slot(DRAWS, f'id div {SUPERBLOCK}', 'slot')} AS back"
    ).toPandas()

    assert (found["id"] == found["back"]).all()
    assert found.groupby(found["id"] // SUPERBLOCK)["slot"].apply(sorted).map(lambda s: s == list(range(200))).all()


def test_the_shape_no_longer_changes_above_its_fixed_size():
    at, above = Shape(FIXED_SHAPE_FROM), Shape(1_000_000)
    assert (at.rows_per_cluster, at.artists_per_cluster) == (above.rows_per_cluster, above.artists_per_cluster)
    assert Shape(FIXED_SHAPE_FROM - 1).rows_per_cluster < at.rows_per_cluster
