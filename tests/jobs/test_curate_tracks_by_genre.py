"""The job curate_tracks_by_genre."""

from __future__ import annotations

import pytest

from spark_app.errors import SkipStep
from spark_app.jobs import curate_tracks_by_genre
from spark_app.schemas import TABLES


def fill(spark, context, ids, genres):
    tracks, links = TABLES["curated.tracks"].struct, TABLES["curated.track_genres"].struct
    rows = [{"track_id": track, "artist_names": ["A", "B"]} for track in ids]
    context.tables.write(
        "curated.tracks", spark.createDataFrame([tuple(r.get(n) for n in tracks.names) for r in rows], tracks)
    )
    pairs = [{"track_id": track, "genre": genre, "genre_group": group} for track, genre, group in genres]
    context.tables.write(
        "curated.track_genres", spark.createDataFrame([tuple(p.get(n) for n in links.names) for p in pairs], links)
    )


def test_small_groups_are_left_out_and_named(spark, make_context):
    context = make_context("genres.min_tracks=2")
    fill(
        spark,
        context,
        ["t1", "t2", "t3", "t4", "t5"],
        [("t1", "rock", "rock"), ("t1", "punk", "rock"), ("t2", "punk", "rock"), ("t3", "bebop", "jazz")],
    )

    outcome = curate_tracks_by_genre.run(context)

    assert (outcome.read, outcome.kept, outcome.rejected, outcome.merged) == (4, 4, 0, 0)
    assert outcome.detail == "2 groups"
    assert outcome.warnings == ("groups below 2 tracks left out: jazz 1",)
    rows = context.tables.read("curated.tracks_by_genre").collect()
    assert sorted((row["track_id"], row["genre_group"], row["is_top_n"]) for row in rows) == [
        ("t1", "rock", True),
        ("t2", "rock", True),
        ("t4", "unknown", False),
        ("t5", "unknown", False),
    ]


def test_the_step_is_skipped_where_no_track_has_a_genre(spark, make_context):
    context = make_context()
    fill(spark, context, ["t1"], [])
    with pytest.raises(SkipStep, match="no track has a genre"):
        curate_tracks_by_genre.run(context)
