"""Why a track is as it is."""

from __future__ import annotations

from pyspark.sql import functions as F

from spark_app.curate.explain import explain, raw_spellings
from spark_app.curate.text import bare_id, bare_text_id


def at(line, **values):
    return {"source": "s", "file": "t.csv", "line": line, **values}


def test_a_kept_track_tells_its_rows_flags_genres_and_twins():
    said = explain(
        "x",
        raw=[at(2), at(3), at(1004), at(5)],
        rejects=[
            at(5, job="curate_tracks", reason="out_of_range", record='{"problem":"out_of_range:tempo","tempo":"999"}'),
            at(1004, job="curate_tracks", reason="merged_conflict", record='{"problem":"differs:tempo,energy","na'),
        ],
        curated=at(2, flags=["key_missing"], genre_group="rock"),
        genres=[
            {"genre": "opera", "genre_group": "other", "position": 2, "origin": "artist"},
            {"genre": "rock", "genre_group": "rock", "position": 1, "origin": "artist"},
        ],
        variant={"variant_group": "a", "n_members": 3, "marks": ["live"]},
    )
    assert said == [
        "Kept from t.csv, line 2 (source s).",
        "t.csv, line 5 was rejected by curate_tracks: out_of_range (out_of_range:tempo).",
        "t.csv, line 1,004 was merged into it; it differs in tempo, energy and is stored as a reject.",
        "t.csv, line 3 repeats the id: merged into it, or left out by a rule whose action is drop.",
        "Flags: key_missing.",
        "Genres, of its artists: rock (rock), opera (other). Main group: rock.",
        "It is one of 3 near-twins, group a. Marks in the title: live.",
    ]


def test_a_rejected_track_says_so():
    said = explain(
        "x",
        raw=[at(7), at(8)],
        rejects=[at(7, job="ingest_catalogue", reason="ragged", record=None)],
        curated=None,
        genres=[],
        variant=None,
    )
    assert said == [
        "It is not among the curated tracks.",
        "t.csv, line 7 was rejected by ingest_catalogue: ragged.",
        "t.csv, line 8 was left out by a rule whose action is drop, or has not been curated yet.",
    ]


def test_a_plain_track_without_genre_artist_or_twins():
    said = explain(
        "x", raw=[at(2)], rejects=[], curated=at(2, flags=None, genre_group="unknown"), genres=[], variant=None
    )
    assert said == [
        "Kept from t.csv, line 2 (source s).",
        "It has no genre, so its group is unknown.",
        "It has no artist or no title to compare by, so it stands in no group of near-twins.",
    ]


def test_a_near_twin_tells_what_it_is_to_the_reference_of_its_group():
    group = {"n_members": 2, "variant_group": "a", "marks": [], "reference_id": "b"}

    def told(**values):
        curated = at(2, flags=[], genre_group="unknown")
        said = explain("x", raw=[], rejects=[], curated=curated, genres=[], variant={**group, **values})
        return said[-1].removeprefix("It is one of 2 near-twins, group a.")

    assert told(relation="edit", relation_from="audio") == " Beside b it is: edit, by audio."
    assert told(relation="unknown", relation_from=None) == " Beside b it is: unknown."
    assert told(relation="reference", relation_from=None) == " The others are compared with it."


def test_an_id_that_nothing_knows():
    assert explain("zz", raw=[], rejects=[], curated=None, genres=[], variant=None) == [
        "No row of the catalogue has the id zz."
    ]


def test_raw_rows_can_be_looked_up_in_each_spelling():
    assert "spotify:track:zz" in raw_spellings("zz")
    assert "12.0" in raw_spellings("12")
    assert "zz.0" not in raw_spellings("zz")  # another id: only numbers lose their .0


def test_a_typed_id_is_reduced_as_curation_reduces_a_delivered_one(spark):
    ids = [
        "x",
        " spotify:track:x\u00a0",
        "spotify:album:x",
        "12.0",
        "012.0",
        "x1.0",
        "1.5.0",
        "12.00",
        ".0",
        "9" * 19 + ".0",
    ]
    ids += ["spotify:track:12.0", "spotify:track:spotify:track:x", "spotify:playlist:x"]
    delivered = spark.createDataFrame([(text,) for text in ids], "id string").coalesce(1)
    reduced = [row["id"] for row in delivered.select(bare_id(F.col("id")).alias("id")).collect()]
    assert [bare_text_id(text) for text in ids] == reduced
