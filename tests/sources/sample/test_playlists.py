"""Playlists that follow planted tastes."""

from __future__ import annotations

import pytest

from spark_app.sources.recognise import COLUMNS
from spark_app.sources.sample import playlist_rows, playlist_tastes, playlists, sample_playlists, spec
from tests.frames import assert_same_rows
from tests.sources.sample.conftest import SEED, TRACKS


@pytest.fixture(scope="module")
def entries(_session, catalogue):
    found = sample_playlists(_session, tracks=TRACKS, seed=SEED).toPandas()  # 22,000 rows
    tastes = playlist_tastes(_session, tracks=TRACKS, seed=SEED).toPandas()  # 1,000 rows
    tracks = catalogue.tracks[["track_id", "genre_group"]]
    joined = found.merge(tracks, on="track_id", validate="many_to_one").merge(tastes, on="playlist_id")
    assert len(joined) == len(found)  # every entry is a track
    return joined


def test_there_is_a_playlist_for_every_twenty_tracks_with_positions_from_one(entries):
    assert entries["playlist_id"].nunique() == TRACKS // playlists.TRACKS_PER_PLAYLIST
    for _, positions in entries.groupby("playlist_id")["position"]:
        assert sorted(positions) == list(range(1, len(positions) + 1))
    assert entries.groupby("playlist_id").size().max() <= playlists.LENGTHS[1]


def test_no_track_stands_twice_in_a_playlist(entries):
    assert not entries.duplicated(["playlist_id", "track_id"]).any()


def test_the_documented_share_of_entries_is_of_the_playlists_taste(entries):
    # Any track is of the taste by chance too: the sum of squared group shares is 0.11.
    by_chance = sum((group.slots / 200) ** 2 for group in spec.GROUPS)
    wanted = playlists.TASTE_SHARE + (1 - playlists.TASTE_SHARE) * by_chance
    # Repeated draws are left out, more often those of the taste; about 2 %.
    assert wanted - 0.03 < (entries["genre_group"] == entries["taste"]).mean() < wanted


def test_tastes_follow_the_shares_of_the_groups(entries):
    shares = entries.drop_duplicates("playlist_id")["taste"].value_counts(normalize=True)
    assert shares["rock"] == pytest.approx(0.19, abs=0.04)
    assert set(shares.index) == set(spec.GROUP_NAMES)


def test_some_tracks_stand_in_many_playlists_and_most_in_few(entries):
    counts = entries["track_id"].value_counts()
    assert counts.iloc[0] >= 8
    assert counts.median() <= 2


def test_tracks_of_one_playlist_share_a_genre_far_more_often_than_others(entries):
    pairs = entries.merge(entries, on="playlist_id")
    pairs = pairs[pairs["track_id_x"] < pairs["track_id_y"]]
    together = (pairs["genre_group_x"] == pairs["genre_group_y"]).mean()
    assert together > 0.7
    assert sum((group.slots / 200) ** 2 for group in spec.GROUPS) < 0.12


def test_as_rows_of_a_file_every_entry_has_a_line_of_its_own_and_counts_from_zero(spark):
    rows = playlist_rows(spark, tracks=1_000, seed=SEED)
    assert rows.columns == ["file", "line", *COLUMNS["playlists"], "problem", "record"]
    assert rows.select("file", "line").distinct().count() == rows.count()
    back = rows.selectExpr(
        "playlist_id", "int(position) + 1 AS position", "replace(track_id, 'spotify:track:') AS track_id"
    )
    assert_same_rows(back, sample_playlists(spark, tracks=1_000, seed=SEED))


@pytest.mark.parametrize("tracks", [100, 1_000])
def test_playlists_depend_on_seed_and_number_alone_at_any_size(spark, tracks):
    first = sample_playlists(spark, tracks=tracks, seed=SEED)
    assert_same_rows(sample_playlists(spark, tracks=tracks, seed=SEED).repartition(5), first)
    assert first.select("playlist_id").distinct().count() >= 10
