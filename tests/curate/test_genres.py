"""Genres of tracks and their groups."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pyspark.sql import functions as F

from spark_app.curate.genres import genre_map, genres_by_track, known_genres, labels, parse_genre_map, track_genres
from spark_app.curate.text import normal_genre
from spark_app.errors import UsageError
from tests.frames import assert_same_rows

GROUPS = "rock, hip hop, pop, jazz, blues, country, metal, reggae, folk, soul, edm, dance, latin, funk, other".split(
    ", "
)
LABELS = yaml.safe_load(Path(__file__).with_name("genre_labels.yaml").read_text("utf-8"))


def groups_of(spark, genres, mapping=None):
    frame = spark.createDataFrame([(genre,) for genre in genres], "genre string")
    grouped = frame.select("genre", (mapping or genre_map()).group_of(normal_genre(F.col("genre"))).alias("group"))
    return {row["genre"]: row["group"] for row in grouped.collect()}


def test_the_map_has_the_15_groups_of_document_004_in_order():
    assert list(genre_map().groups) == GROUPS
    assert genre_map().version == 1


def test_every_label_of_every_layout_has_its_group(spark):
    expected = {label: group for labels in LABELS.values() for label, group in labels.items()}
    assert {layout: len(labels) for layout, labels in LABELS.items()} == {
        "playlist_songs": 6,
        "music_genre": 10,
        "genre_114": 114,
        "artists": len(LABELS["artists"]),
    }
    assert groups_of(spark, expected) == expected


def test_the_longest_phrase_of_whole_words_wins(spark):
    content = {"version": 1, "groups": {"rock": ["rock", "pop punk", "ska"], "pop": ["pop", "k pop"], "soul": ["soul"]}}
    content["groups"]["other"] = []
    mapping = parse_genre_map(content)
    assert groups_of(
        spark, ["neon pop punk", "K-Pop", "popular", "pop/rock", "soul pop", "ska pop", "", None], mapping
    ) == {
        "neon pop punk": "rock",  # two words before one
        "K-Pop": "pop",
        "popular": "other",  # not a whole word
        "pop/rock": "rock",  # more characters
        "soul pop": "soul",
        "ska pop": "rock",  # as long: the earlier group
        "": None,
        None: None,
    }


def test_genres_that_no_map_could_know_are_other(spark):
    odd = ["../../x", "🎸", "g" * 300, "%s", "genre_group=pop'; --"]
    assert groups_of(spark, odd) == dict.fromkeys(odd, "other")


@pytest.mark.parametrize(
    "groups",
    [
        {"rock": ["rock"], "pop": ["rock"], "other": []},
        {"rock": ["Rock"], "other": []},
        {"rock": ["pop-punk"], "other": []},
        {"other": [], "rock": ["rock"]},
    ],
)
def test_a_map_that_contradicts_itself_is_refused(groups):
    with pytest.raises(UsageError, match=r"genre_groups\.yaml"):
        parse_genre_map({"version": 1, "groups": groups})


TRACKS = "source string, file string, line bigint, track_id string, genre string, fate string"
LINKS = "track_id string, artist_id string, position int"
ARTISTS = "artist_id string, genres array<string>"
GENRES = "track_id string, genre string, genre_group string, position int, origin string, n_artists int"


def curated_genres(spark, tracks, links, artists):
    tracks, links = spark.createDataFrame(tracks, TRACKS), spark.createDataFrame(links, LINKS)
    artists = spark.createDataFrame(artists, ARTISTS)
    by_track = genres_by_track(tracks, links, artists)
    return track_genres(by_track, known_genres(tracks, artists), genre_map())


def test_genres_of_all_rows_of_an_id_are_united_in_file_and_line_order(spark):
    tracks = [
        ("s", "a.csv", 9, "t1", "edm", "merged"),
        ("s", "a.csv", 3, "t1", "rock", "merged_conflict"),
        ("s", "b.csv", 2, "t1", "rock", "kept"),
        ("s", "b.csv", 1, "t1", "pop", "kept"),
        ("s", "a.csv", 1, "t1", "jazz", "rejected"),
        ("s", "a.csv", 2, "t2", None, "kept"),
    ]
    expected = spark.createDataFrame(
        [
            ("t1", "rock", "rock", 1, "track", None),
            ("t1", "edm", "edm", 2, "track", None),
            ("t1", "pop", "pop", 3, "track", None),
        ],
        GENRES,
    )
    found = curated_genres(spark, tracks, [("t1", "a1", 1)], [("a1", ["metal"])])  # own genres leave the artist's aside
    assert_same_rows(found, expected)
    assert_same_rows(
        labels(found, genre_map()),
        # one genre of each group: map order decides the group, the first row the label
        spark.createDataFrame([("t1", "rock", "rock")], "track_id string, genre string, genre_group string"),
    )


def test_a_track_without_own_genre_takes_those_of_its_artists_with_their_number(spark):
    tracks = [("s", "a.csv", n, f"t{n}", None, "kept") for n in range(1, 5)]
    links = [("t1", "a2", 1), ("t1", "a1", 2), ("t1", "a3", 3), ("t2", "a4", 1), ("t3", "a5", 1)]
    artists = [
        ("a1", ["classic rock", "blues"]),
        ("a2", ["blues", "opera"]),
        ("a3", ["opera", "choral"]),
        ("a4", []),
        ("a5", ["opera"]),
    ]
    expected = spark.createDataFrame(
        [
            ("t1", "blues", "blues", 1, "artist", 2),
            ("t1", "opera", "other", 2, "artist", 2),
            ("t1", "classic rock", "rock", 3, "artist", 1),
            ("t1", "choral", "other", 4, "artist", 1),
            ("t3", "opera", "other", 1, "artist", 1),
        ],
        GENRES,
    )
    found = curated_genres(spark, tracks, links, artists)
    assert_same_rows(found, expected)
    assert_same_rows(
        labels(found.repartition(3), genre_map()),
        spark.createDataFrame(
            # blues 2, rock 1, other 3: other counts only where nothing else matches
            [("t1", None, "blues"), ("t3", None, "other")],
            "track_id string, genre string, genre_group string",
        ),
    )


@pytest.mark.real_data
def test_most_genres_of_real_artists_find_a_group(spark, real_data):
    import pandas as pd

    from spark_app.curate.lists import parse_list

    cells = pd.read_csv(real_data / "tracks_69k" / "artists.csv", dtype=str, keep_default_na=False)["genres"]
    genres = sorted({genre for cell in cells for genre in parse_list(cell, "braces") if genre})
    groups = groups_of(spark, genres)
    assert len(genres) == 2584
    assert set(groups.values()) == set(GROUPS)
    assert sum(group != "other" for group in groups.values()) / len(genres) > 0.7
