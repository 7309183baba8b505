"""Near-twins and their marks."""

from __future__ import annotations

from pyspark.sql import functions as F

from spark_app.curate.variants import asides, marks_of, title_key, variants
from spark_app.schemas import TABLES
from tests.curate.songs import songs
from tests.frames import assert_same_rows


def test_the_key_is_letters_and_digits_without_brackets_and_tail(spark):
    expected = {
        "Hello": "hello",
        "HELLO!  (Live at Wembley)": "hello",
        "Hello - 2011 Remaster": "hello",
        "Hello [feat. Ann (of Bob)] - Live - Mono": "hello",
        "Don't Stop": "don t stop",
        "Anti-Hero": "anti hero",  # no blanks around the hyphen: no tail
        "(I Can't Get No) Satisfaction": "satisfaction",
        "(Interlude)": "interlude",  # nothing but brackets: they stay
        "Café 99": "café 99",
        "한국어 (Live)": "한국어",
        "हिन्दी": "हिन्दी",  # marks belong to their letters
        "Song (unclosed": "song unclosed",
        "???": None,
        "": None,
        None: None,
    }
    frame = spark.createDataFrame([(title,) for title in expected], "t string")
    found = {row["t"]: row["key"] for row in frame.select("t", title_key(F.col("t")).alias("key")).collect()}
    assert found == expected


def test_marks_come_from_brackets_and_tail_only(spark):
    expected = {
        "Live and Let Die": [],
        "Song - Live": ["live"],
        "Song (Live) [2011 Remaster]": ["live", "remaster"],
        "Song - Remastered 2009": ["remaster"],
        "Song - Acoustic Version": ["acoustic", "version"],
        "Song (Sped Up)": ["sped up"],
        "Song - slowed + reverb": ["slowed"],
        "Song {Screwed}": ["slowed"],
        "Song - Radio Edit": ["edit", "radio edit"],
        "Song (Loud Luxury Remix)": ["remix"],
        "Song (Demo) - Mono": ["demo", "mono"],
        "Song - Instrumental": ["instrumental"],
        "Song (Karaoke Version)": ["karaoke", "version"],
        "Song (Deluxe)": ["deluxe"],
        "Song (feat. Oliver Livery)": [],
        None: [],
    }
    frame = spark.createDataFrame([(title,) for title in expected], "t string")
    said = frame.select("t", asides(F.col("t")).alias("said"))
    found = {row["t"]: row["marks"] for row in said.select("t", marks_of(F.col("said")).alias("marks")).collect()}
    assert found == expected


def test_twins_share_the_first_artist_and_the_title(spark):
    titles = {
        "t3": ("Song", ["a", "b"]),
        "t1": ("Song - Live", ["a"]),
        "t2": ("SONG (Acoustic)", ["a", "c"]),
        "t4": ("Song", ["b", "a"]),  # another first artist
        "t5": ("Other", ["a"]),
        "t6": ("Song", None),  # no artist: no row
        "t7": ("!!!", ["a"]),  # no title to compare by: no row
    }
    lengths = {"t1": 300_000.0, "t2": 250_000.0}
    tracks = songs(
        spark,
        *[
            {"track_id": track, "track_name": name, "artist_ids": artists, "duration_ms": lengths.get(track, 200_000.0)}
            for track, (name, artists) in titles.items()
        ],
    )
    expected = spark.createDataFrame(
        [
            ("t1", "t1", 3, ["live"], "t3", "live"),
            ("t2", "t1", 3, ["acoustic"], "t3", "acoustic"),
            ("t3", "t1", 3, [], "t3", "reference"),
            ("t4", "t4", 1, [], "t4", "reference"),
            ("t5", "t5", 1, [], "t5", "reference"),
        ],
        "track_id string, variant_group string, n_members int, marks array<string>, reference_id string, "
        "relation string",
    )
    shown = expected.columns
    assert_same_rows(variants(tracks).select(*shown), expected)
    assert_same_rows(variants(tracks.orderBy(F.desc("track_id")).repartition(3)).select(*shown), expected)
    assert variants(tracks.limit(0)).count() == 0
    assert variants(tracks).columns == TABLES["curated.variants"].columns
