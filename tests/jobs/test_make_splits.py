"""The job that makes folds."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from pyspark.sql import Row

from spark_app.errors import DataError, SkipStep
from spark_app.jobs import make_splits
from tests.jobs import catalogue


def test_writes_one_fold_per_track_and_keeps_artists_together(make_context):
    context = make_context()
    catalogue.write(context, catalogue.curated(n=200))

    outcome = make_splits.run(context)

    splits = context.tables.read("models.splits").toPandas()  # 400 rows
    assert splits.groupby("kind")["track_id"].nunique().to_dict() == {"artist": 200, "random": 200}
    assert len(splits) == 400
    by_artist = splits[splits["kind"] == "artist"]
    assert by_artist.groupby("unit")["fold"].nunique().max() == 1
    assert set(by_artist["fold"]) == {0, 1, 2, 3, 4}
    assert (outcome.read, outcome.kept, outcome.status) == (200, 200, "OK")
    assert outcome.detail.startswith("5 folds by artist, smallest 1")
    assert outcome.detail.endswith("no time split: too few or too coarse dates")


def test_dated_tracks_are_split_by_time_as_well(make_context):
    context = catalogue.in_memory(make_context())
    rows = catalogue.curated(n=200)
    for i, row in enumerate(rows[:100]):
        row["release_date"] = date(2000, 1, 1) + timedelta(days=i)
    catalogue.write(context, rows)

    outcome = make_splits.run(context)

    by_time = context.tables.read("models.splits").where("kind = 'time'").groupBy("fold").count().collect()
    # The 90th and the 80th of the 100 days open the two newer parts.
    assert {row["fold"]: row["count"] for row in by_time} == {0: 11, 1: 10, 2: 79}
    assert outcome.detail.endswith("by time over 100 dated tracks")
    assert outcome.read == 200


def test_a_large_component_always_trains_and_its_share_is_told_per_genre(make_context):
    context = catalogue.in_memory(make_context())
    rows = catalogue.curated(n=300)
    for row in rows[:30]:  # 15 artists in a chain through one more
        row["artist_ids"] = [*row["artist_ids"], "hub"]
    catalogue.write(context, rows)

    outcome = make_splits.run(context)

    held = context.tables.read("models.splits").where("is_held_train")
    assert {(row.unit, row.fold) for row in held.collect()} == {("a0000", None)}
    (warning,) = outcome.warnings
    assert warning == (
        "30 tracks (10.0%) always train: artist components above 5% of the rows; hip hop 10.0%, jazz 10.0%, rock 10.0%"
    )


def test_too_small_folds_change_no_table(make_context):
    context = catalogue.in_memory(make_context())
    catalogue.write(context, catalogue.curated(n=8, per_artist=8))
    with pytest.raises(DataError, match="of 8 tracks, fewer than 5%; 8 tracks lie in large"):
        make_splits.run(context)
    assert not context.tables.exists("models.splits")


def test_no_tracks_is_a_skipped_step(make_context):
    context = catalogue.in_memory(make_context())
    catalogue.write(context, [])
    with pytest.raises(SkipStep, match="no tracks"):
        make_splits.run(context)


def test_shares_are_listed_largest_first_without_the_zeros():
    rows = [("rock", None, 1), ("rock", 0, 3), ("jazz", None, 1), ("jazz", 1, 1), ("pop", 2, 5)]
    counts = [Row(genre_group=group, fold=fold, n=n) for group, fold, n in rows]
    assert make_splits.held_shares(counts) == "jazz 50.0%, rock 25.0%"
