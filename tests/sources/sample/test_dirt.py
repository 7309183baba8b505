"""Files of the sample catalogue: records, places, and the dirt planted in them."""

from __future__ import annotations

import ast
from collections import Counter

import pytest

from spark_app.schemas import TABLES
from spark_app.sources.sample import (
    ARTIST_DIRT,
    ARTISTS_HEADER,
    TRACK_DIRT,
    TRACKS_HEADER,
    artist_lines,
    track_lines,
    truth,
)
from spark_app.sources.sample.dirt import planted
from spark_app.sources.sample.lines import _ordered
from spark_app.sources.sample.randomness import Draws
from tests.frames import assert_same_rows
from tests.sources.sample.conftest import SEED, TRACKS

NAME = TRACKS_HEADER.index("name")


def of_kind(rows, kind):
    found = rows[rows["planted"] == kind]
    assert len(found) in {11, 12}, kind  # 400 dirty rows, 34 kinds in turn
    return found


def cell(row, column):
    return row["fields"][TRACKS_HEADER.index(column)]


def test_every_kind_of_dirt_takes_its_turn_and_their_sum_is_the_dirty_share(catalogue):
    of_tracks = Counter(catalogue.truth[catalogue.truth["file"] == "tracks-00000.csv"]["planted"])
    of_artists = Counter(catalogue.truth[catalogue.truth["file"] == "artists-00000.csv"]["planted"])
    assert of_tracks.pop("") == TRACKS - 400  # 2 % of 20,000
    assert set(of_tracks) == set(TRACK_DIRT)
    assert set(of_tracks.values()) == {11, 12}
    assert sum(of_artists.values()) - of_artists.pop("") == pytest.approx(1_670 * 0.02, abs=1)
    assert set(of_artists) == set(ARTIST_DIRT)


@pytest.mark.parametrize(("share", "block"), [(0.001, 20), (0.02, 20), (0.5, 20), (0.5, 2), (1 / 3, 4)])
def test_the_number_of_dirty_rows_is_exact_and_anchors_stay_clean(spark, share, block):
    kinds = {"a": TRACK_DIRT["nan"], "b": TRACK_DIRT["nan"]}
    expression = planted(Draws(1), "id", kinds=kinds, share=share, block=block)
    found = spark.range(2_000).selectExpr("id", f"{expression} AS kind").where("kind != ''").toPandas()  # 1,000 rows
    assert len(found) == pytest.approx(2_000 * share, abs=1)
    assert not (found["id"] % block == 0).any()
    assert abs((found["kind"] == "a").sum() - (found["kind"] == "b").sum()) <= 1


def test_a_share_of_zero_plants_nothing(spark):
    lines = {"tracks": 100, "seed": 1, "dirty_share": 0.0}
    assert truth(spark, **lines).where("planted != ''").isEmpty()


def test_records_have_the_columns_of_tables_and_the_truth_those_of_its_schema(spark):
    dirty = {"tracks": 100, "seed": 1, "dirty_share": 0.02}
    assert truth(spark, **dirty).dtypes == [
        (f.name, f.dataType.simpleString()) for f in TABLES["ops.sample_truth"].struct
    ]
    for lines in (track_lines(spark, **dirty), artist_lines(spark, **dirty)):
        assert lines.dtypes == [("file", "string"), ("line", "bigint"), ("value", "binary")]


def test_lines_and_truth_are_the_same_however_they_are_partitioned(spark):
    dirty = {"tracks": 100, "seed": 1, "dirty_share": 0.5}
    once = [make(spark, **dirty) for make in (track_lines, artist_lines, truth)]
    again = [make(spark, **dirty).repartition(5) for make in (track_lines, artist_lines, truth)]
    for first, second in zip(once, again, strict=True):
        assert_same_rows(second, first)


def test_lines_count_records_from_two_in_order(catalogue):
    assert list(catalogue.track_lines["line"]) == list(range(2, TRACKS + 2))
    assert set(catalogue.track_lines["file"]) == {"tracks-00000.csv"}
    assert list(catalogue.artist_lines["line"]) == list(range(2, 1_670 + 2))


def test_a_file_holds_a_million_records_in_one_partition_of_its_own(spark):
    parts = _ordered(spark, 2_000_001).selectExpr("row_id div 1000000 AS file", "spark_partition_id() AS p")
    counts = {(r.file, r.p): r["count"] for r in parts.groupBy("file", "p").count().collect()}  # 3 rows
    assert counts == {(0, 0): 1_000_000, (1, 1): 1_000_000, (2, 2): 1}


def test_clean_records_say_what_the_typed_frame_says(catalogue, rows):
    clean = rows[rows["planted"] == ""].merge(catalogue.tracks, on="row_id", suffixes=("", "_typed")).head(3_000)
    assert (clean["track_id"] == clean["track_id_typed"]).all()
    for row in clean.to_dict("records"):
        cells = dict(zip(TRACKS_HEADER, row["fields"], strict=True))
        assert (cells["id"], cells["name"], cells["album"]) == (row["track_id"], row["track_name"], row["album_name"])
        assert float(cells["energy"]) == row["energy"]
        assert (cells["key"], cells["duration_ms"]) == (str(int(row["key"])), str(int(row["duration_ms"])))
        assert cells["explicit"] == str(row["explicit"])
        # A brace list is a Python set, which ast reads without evaluating.
        assert ast.literal_eval(cells["artists"]) == set(row["artist_names"])
        assert ast.literal_eval(cells["artist_ids"]) == set(row["artist_ids"])
        length = {"day": 10, "month": 7, "year": 4}[row["release_date_precision"]]
        assert cells["release_date"] == str(row["release_date"])[:length]


def test_clean_artist_records_say_what_the_typed_frame_says(catalogue, artist_rows):
    clean = artist_rows[artist_rows["planted"] == ""]
    typed = catalogue.artists.set_index("artist")
    for row in clean.to_dict("records"):
        cells, artist = dict(zip(ARTISTS_HEADER, row["fields"], strict=True)), typed.loc[row["row_id"]]
        assert (cells["id"], cells["name"]) == (artist["artist_id"], artist["artist_name"])
        assert (int(cells["popularity"]), int(cells["followers"])) == (artist["popularity"], artist["followers"])
        assert ast.literal_eval(cells["genres"]) == set(artist["genres"])


def test_a_planted_cell_stands_in_the_file_and_the_rest_of_the_row_is_whole(rows):
    for kind, dirt in TRACK_DIRT.items():
        if dirt.cells and not dirt.name_bytes:
            for row in of_kind(rows, kind).to_dict("records"):
                assert len(row["fields"]) == len(TRACKS_HEADER), kind
                assert {column: cell(row, column) for column in dirt.cells} == dirt.cells


def test_ragged_records_have_too_few_or_too_many_fields(rows):
    assert set(of_kind(rows, "ragged_short")["fields"].map(len)) == {len(TRACKS_HEADER) - 5}
    assert set(of_kind(rows, "ragged_long")["fields"].map(len)) == {len(TRACKS_HEADER) + 2}
    others = rows[~rows["planted"].str.startswith("ragged")]
    assert set(others["fields"].map(len)) == {len(TRACKS_HEADER)}


def test_names_hold_line_ends_quotes_control_characters_or_far_too_much_text(rows):
    assert of_kind(rows, "newline_in_name")["fields"].str[NAME].str.endswith("\nPart Two").all()
    assert of_kind(rows, "quotes_in_name")["fields"].str[NAME].str.endswith('", he said, "again"').all()
    assert of_kind(rows, "control_character")["fields"].str[NAME].str.endswith("\x07").all()
    assert set(of_kind(rows, "long_name")["fields"].str[NAME].str.len()) == {1_500}


def test_some_records_are_not_utf8_or_hold_a_nul(catalogue):
    lines = catalogue.track_lines.merge(catalogue.truth, on=["file", "line"])
    for value in of_kind(lines, "not_utf8")["value"]:
        with pytest.raises(UnicodeDecodeError):
            bytes(value).decode()
    for value in of_kind(lines, "nul_byte")["value"]:
        assert bytes(value).count(b"\0") == 1
    clean = lines[lines["planted"] == ""]["value"].head(2_000)
    assert all(bytes(value).decode() for value in clean)


def test_duplicates_stand_under_the_id_of_an_earlier_clean_row(rows):
    by_row = rows.set_index("row_id")
    for kind in ("duplicate_equal", "duplicate_conflict"):
        for row in of_kind(rows, kind).to_dict("records"):
            first = by_row.loc[row["row_id"] - row["row_id"] % 20]
            assert first["planted"] == ""
            differing = [c for c, a, b in zip(TRACKS_HEADER, first["fields"], row["fields"], strict=True) if a != b]
            # Popularity is no part of a conflict; it differs since it belongs to the row.
            assert set(differing) - {"popularity"} == ({"duration_ms"} if kind == "duplicate_conflict" else set())
            assert first["track_id"] == row["track_id"]


def test_ids_are_unique_in_the_file_but_for_planted_duplicates(rows):
    present = rows[~rows["planted"].isin(["duplicate_equal", "duplicate_conflict", "missing_id"])]
    assert present["fields"].str[0].is_unique


def test_odd_genres_stand_beside_the_artists_own(artist_rows):
    genres = {r["planted"]: r["fields"][2] for r in artist_rows.to_dict("records")}
    assert '"../../x"' in genres["genre_path"]
    assert '"' + "x" * 300 + '"' in genres["genre_long"]
    assert '"\N{GUITAR}\N{FIRE}"' in genres["genre_emoji"]
    assert '" "' in genres["genre_blank"]
    assert genres["genre_none"] == '{""}'


def test_a_duplicate_artist_stands_under_the_id_of_the_first_of_its_cluster(artist_rows):
    by_row = artist_rows.set_index("row_id")
    duplicates = artist_rows[artist_rows["planted"] == "duplicate_artist"]
    assert len(duplicates) > 0
    for row in duplicates.to_dict("records"):
        assert row["fields"] == by_row.loc[row["row_id"] - row["row_id"] % 10]["fields"]


def test_truth_names_the_original_of_every_copy_and_the_group_of_the_first_artist(catalogue):
    tracks = catalogue.truth[catalogue.truth["track_id"].notna()].merge(
        catalogue.tracks, on="track_id", suffixes=("", "_t")
    )
    tracks = tracks[tracks["planted"] == ""]
    assert (tracks["genre"] == tracks["genre_group"]).all()
    assert (tracks["mark"] == tracks["mark_t"]).all()
    assert (tracks["variant_of"].fillna("") == tracks["variant_of_t"].fillna("")).all()
    # A dirty row is never a copy, so that every planted copy can be found.
    dirty = catalogue.truth[catalogue.truth["planted"] != ""]
    assert dirty["variant_of"].isna().all()


@pytest.mark.parametrize("seed", [SEED, 7])
def test_small_catalogues_hold_dirt_too(spark, seed):
    dirt = truth(spark, tracks=1_000, seed=seed, dirty_share=0.02).where("planted != '' AND track_id IS NOT NULL")
    assert dirt.count() == pytest.approx(20, abs=1)
