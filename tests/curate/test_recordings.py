"""What near-twins are to each other."""

from __future__ import annotations

import pytest
from pyspark.sql import functions as F

from spark_app.curate.variants import variants
from tests.curate.songs import PLAIN_SONG, songs
from tests.frames import assert_same_rows


def relations(spark, *rows):
    """Relation of each row to the plain song, each pair a group of its own; the plain song is the older one."""
    pairs = [
        [{"track_id": f"r{n:02}", "release_year": 1970}, {"track_id": f"t{n:02}", **row}] for n, row in enumerate(rows)
    ]
    members = [{"artist_ids": [str(n)], **row} for n, pair in enumerate(pairs) for row in pair]
    found = variants(songs(spark, *members)).where("track_id like 't%'").orderBy("track_id").collect()
    assert [row["reference_id"] for row in found] == [f"r{n:02}" for n in range(len(rows))]
    return [(row["relation"], row["relation_from"]) for row in found]


def moved(**changes):
    return {name: PLAIN_SONG[name] + change for name, change in changes.items()}


def test_a_title_says_what_was_performed_or_made_of_the_song(spark):
    titles = {
        "Song - Karaoke Version": "karaoke",
        "Song (Instrumental Remix)": "instrumental",
        "Song (Sped Up)": "sped_up",
        "Song - Slowed + Reverb": "slowed",
        "Song - Club Mix / Radio Edit": "remix",
        "Song - Live, 2011 Remaster": "live",
        "Song - MTV Unplugged": "live",
        "Song - Acoustic": "acoustic",
        "Song - Demo": "demo",
        "Song (Re-Recorded)": "rerecorded",
        "Song - Take 3": "other_version",
        "Song - Radio Edit": "edit",
        "Song - Radio Mix": "edit",
        'Song - 12" Version': "extended",
        "Song - 2011 Remaster": "remaster",
    }
    # So far from the reference that nothing but the title can tell.
    far = moved(duration_ms=50_000, danceability=0.4, tempo=31)
    found = relations(spark, *[{"track_name": title, **far} for title in titles])
    assert dict(zip(titles, found, strict=True)) == {title: (name, "title") for title, name in titles.items()}
    # Nor is a mix always a remix.
    assert relations(spark, {"track_name": "Song - Original Mix", **far}) == [("other_version", "audio")]


def test_without_a_word_in_the_title_the_audio_decides(spark):
    cases = [
        ({}, "same_recording"),
        ({"duration_ms": 3000, "loudness": 6, "instrumentalness": 0.9, "key": 1}, "same_recording"),
        ({"danceability": 0.09, "energy": -0.19, "valence": 0.14, "liveness": 0.24}, "same_recording"),
        ({"tempo": 120.0}, "same_recording"),  # twice the tempo is the same beat
        ({"tempo": 2.5, "duration_ms": 1000}, "other_version"),
        ({"tempo": 2.5, "duration_ms": 400}, "same_recording"),  # all else agrees: the tempo was guessed badly
        ({"danceability": 0.11}, "other_version"),
        ({"speechiness": 0.07}, "other_version"),
        ({"duration_ms": -3001}, "edit"),
        ({"duration_ms": 90_000}, "extended"),
        ({"duration_ms": 90_000, "key": 1}, "other_version"),
        ({"duration_ms": 90_000, "mode": -1}, "other_version"),
        ({"duration_ms": 90_000, "tempo": 1.3}, "other_version"),
        # 120 to 135 is 12.5 % faster, 2.04 semitones; 200 s become 177.8 s.
        ({"tempo": 15, "duration_ms": -22_222, "key": 2, "energy": 0.3}, "sped_up"),
        ({"tempo": 15, "duration_ms": -22_222, "energy": 0.3}, "other_version"),  # in its old key: played faster
        ({"tempo": 15, "duration_ms": -15_000, "key": 2}, "other_version"),  # shorter by another factor
        ({"tempo": 15, "duration_ms": -22_222, "key": 2, "energy": -0.5}, "other_version"),
        # 120 to 102 is 15 % slower, -2.81 semitones, three below; 200 s become 235.3 s.
        ({"tempo": -18, "duration_ms": 35_294, "key": -3}, "slowed"),
        ({"tempo": 120, "duration_ms": -100_000}, "other_version"),  # an octave is no change of pitch
    ]
    found = relations(spark, *[moved(**changes) for changes, _ in cases])
    assert found == [(relation, "audio") for _, relation in cases]


def test_pitch_is_counted_round_the_octave(spark):
    tracks = songs(
        spark,
        {"key": 11.0, "release_year": 1970},
        {"key": 1.0, "tempo": 135.0, "duration_ms": 177_778.0},
        {"key": 8.0, "tempo": 102.0, "duration_ms": 235_294.0},
    )
    found = variants(tracks).orderBy("track_id").collect()
    assert [row["relation"] for row in found] == ["reference", "sped_up", "slowed"]
    assert found[1]["tempo_ratio"] == 1.125
    assert found[1]["duration_ratio"] == pytest.approx(0.88889)


def test_the_same_audio_goes_before_what_titles_say_unless_a_voice_is_missing(spark):
    little = {"duration_ms": 400, "danceability": 0.04, "loudness": 0.5}
    assert relations(
        spark,
        {"track_name": "Song - Live", **moved(**little)},
        {"track_name": "Song - Remix", **moved(duration_ms=600)},  # near, which is not enough here
        {"track_name": "Song - Remix", **moved(loudness=1.5)},
        {"track_name": "Song (Instrumental)", **moved(**little)},
        {"track_name": "Song - Radio Edit", **moved(duration_ms=2000)},  # nothing was cut
        {"track_name": "Song - 2011 Remaster", **moved(loudness=5, duration_ms=2000)},
        {"track_name": "Song - 2011 Remaster", **moved(duration_ms=60_000, valence=0.5)},
    ) == [
        ("same_recording", "audio"),
        ("remix", "title"),
        ("remix", "title"),
        ("instrumental", "title"),
        ("same_recording", "audio"),
        ("remaster", "audio"),
        ("remaster", "title"),
    ]


def test_members_under_one_title_are_compared_as_plain_ones_are(spark):
    tracks = songs(
        spark,
        {"track_name": "Song - Bob Remix", "release_year": 1990},
        {"track_name": "Song (Bob Remix)", **moved(duration_ms=2000)},  # the same words: near is enough
        {"track_name": "Song - Zoe Remix", **moved(duration_ms=2000)},
        {"track_name": "Song - Bob Remix", **moved(duration_ms=60_000)},
    )
    found = variants(tracks).orderBy("track_id").collect()
    assert [row["relation"] for row in found] == ["reference", "same_recording", "remix", "remix"]


def test_what_cannot_be_heard_is_unknown_unless_its_title_says(spark):
    missing = [{"duration_ms": None}, {"tempo": None, **moved(duration_ms=900)}, {"tempo": 0.0, "energy": 0.1}]
    missing += [{"valence": None}, {"key": None, **moved(duration_ms=90_000)}]
    assert relations(spark, {"key": None}) == [("same_recording", "audio")]  # for which the key is not asked
    assert relations(spark, *missing) == [("unknown", None)] * 5
    assert relations(spark, *[{"track_name": "Song - Live", **one} for one in missing]) == [("live", "title")] * 5
    deaf = {"track_name": "Song", "tempo": None, "release_year": 1970}
    others = [{"track_name": f"Song - {aside}", **moved(duration_ms=900)} for aside in ("Live", "Deluxe")]
    tracks = songs(spark, deaf, *others)
    found = variants(tracks).orderBy("track_id").collect()  # the plainest title is the reference all the same
    assert [row["relation"] for row in found] == ["reference", "live", "unknown"]
    assert [row["tempo_ratio"] for row in found] == [None, None, None]
    assert found[1]["feature_distance"] == 0.0


def test_the_reference_is_the_plainest_then_complete_then_oldest_then_popular_then_smallest_id(spark):
    groups = {
        "plain": [{"track_name": "Song - Version", "release_year": 1950}, {}],
        "performed": [{"track_name": "Song - Live"}, {"track_name": "Song - 2011 Remaster, Stereo, Deluxe"}],
        "complete": [{"release_year": 1950, "energy": None}, {"release_year": 1990}],
        "oldest": [{"popularity": 90}, {"release_year": 1990, "popularity": 1}],
        "popular": [{"popularity": None}, {"popularity": 0}],
    }
    rows = [
        {"track_id": f"{n}{name}", "artist_ids": [name], **row}
        for name, two in groups.items()
        for n, row in enumerate(two)
    ]
    tie = [{"track_id": track, "artist_ids": ["tie"]} for track in ("1tie", "2tie")]
    tracks = songs(spark, *rows, *tie)
    expected = sorted(f"1{name}" for name in [*groups, "tie"])
    for frame in (tracks, tracks.orderBy(F.desc("track_id")).repartition(4)):
        found = variants(frame).select("reference_id").distinct().collect()
        assert sorted(row["reference_id"] for row in found) == expected
    assert_same_rows(variants(tracks.repartition(4)), variants(tracks))
