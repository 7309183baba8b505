"""Files to rows: text, JSON lines and Parquet, whole and damaged."""

from __future__ import annotations

import gzip
import json

import pytest
from pyspark.sql import functions as F

from spark_app.errors import DataError, UsageError
from spark_app.sources import lines
from spark_app.sources.files import NoRowsError, find_files, raw_lines, whole_files
from spark_app.sources.inspect import described
from spark_app.sources.layouts import LAYOUTS
from spark_app.sources.options import ReadOptions
from spark_app.sources.probe import open_source
from spark_app.sources.read import load
from spark_app.sources.records import TextOptions, parse_lines

HEADER = "uri,track,artist,tempo"
SHOWN = ("file", "line", "track_id", "track_name", "tempo", "problem")


def inspect(spark, path, options=None):
    options = options or ReadOptions()
    opened = open_source(spark, path, kind=None, options=options)
    loaded = load(spark, opened, options)
    try:
        return described(path, opened, loaded)
    finally:
        loaded.rows.unpersist()


def put(folder, name, data):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return str(path)


def rows_of(spark, path, *columns, **options):
    read = ReadOptions(**options)
    loaded = load(spark, open_source(spark, path, kind="tracks", options=read), read)
    rows = [tuple(row) for row in loaded.rows.select(*(columns or SHOWN)).orderBy("file", "line").collect()]
    loaded.rows.unpersist()
    return rows


def test_files_of_a_folder_are_matched_by_name_numbered_by_physical_line_and_never_split(spark, tmp_path):
    put(tmp_path, "a b+é%.csv", f'\ufeff{HEADER}\r\n1,"x\r\ny ""z""",A,\r\n2,short\r\n,,,\r\n3,last,B,0.50')
    put(tmp_path, "deep/c.csv.gz", gzip.compress(b"TEMPO , Artist,uri,track,colour\n9,C,4,name,red\n"))
    spark.conf.set("spark.sql.files.maxPartitionBytes", "16")  # would cut the first file into five
    try:
        found = rows_of(spark, str(tmp_path))
        assert spark.conf.get("spark.sql.files.maxPartitionBytes") == "16"
    finally:
        spark.conf.unset("spark.sql.files.maxPartitionBytes")

    assert found == [
        ("a b+é%.csv", 2, "1", 'x\r\ny "z"', None, None),  # an empty cell is null
        ("a b+é%.csv", 4, None, None, None, lines.RAGGED),
        ("a b+é%.csv", 5, None, None, None, lines.EMPTY_ROW),
        ("a b+é%.csv", 6, "3", "last", "0.50", None),
        ("deep/c.csv.gz", 2, "4", "name", "9", None),
    ]


def test_a_split_file_is_refused_rather_than_misnumbered(spark, tmp_path):
    path = put(tmp_path, "a.csv", f"{HEADER}\n" + "1,n,A,\n" * 20)
    source = find_files(spark, path)
    rows = parse_lines(raw_lines(spark, source, max_bytes=100), layout=LAYOUTS["hit_predictor"], options=TextOptions())
    spark.conf.set("spark.sql.files.maxPartitionBytes", "16")
    try:
        with pytest.raises(Exception, match="a file was split"):
            rows.count()
    finally:
        spark.conf.unset("spark.sql.files.maxPartitionBytes")


def test_a_rejected_record_keeps_its_text_and_a_long_one_only_its_beginning(spark, tmp_path):
    path = put(tmp_path, "a.csv", f"{HEADER}\n1,caf".encode() + b"\xe9,A,1\r\n2," + b"x" * 9000 + b",B,2\n3,good,C,3\n")
    found = rows_of(spark, path, "line", "problem", "record", max_record_bytes=5000)
    assert found == [
        (2, "not UTF-8", "1,caf\\xe9,A,1"),
        (3, lines.TOO_LONG, "2," + "x" * 3998),  # 4,000 characters
        (4, None, None),
    ]


def test_json_lines_and_parquet_give_the_same_rows_as_csv(spark, tmp_path):
    csv = put(tmp_path, "a.csv", f"{HEADER}\n1,one,\"['A', 'B']\",0.5\n2,two,['C'],\n")
    records = [
        {"artist": ["A", "B"], "uri": 1, "track": "one", "TEMPO": 0.5},
        {"uri": 2, "track": "two", "artist": ["C"], "TEMPO": None},
        {"uri": "", "other": 1},
    ]
    jsonl = put(tmp_path, "a.jsonl.gz", gzip.compress("\n".join(map(json.dumps, records)).encode()))
    frame = spark.createDataFrame(
        [(["A", "B"], 1, "one", 0.5), (["C"], 2, "two", None), (None, None, "", None)],
        "artist array<string>, uri long, track string, `Tem.po` double",
    )
    frame.withColumnRenamed("Tem.po", "tempo").coalesce(1).write.parquet(str(tmp_path / "a.parquet"))

    shown = ("line", "track_id", "track_name", "tempo", "artist_names", "problem")
    expected = [(1, "1", "one", "0.5", '["A", "B"]', None), (2, "2", "two", None, '["C"]', None)]
    empty = (3, None, None, None, None, lines.EMPTY_ROW)
    from_json = rows_of(spark, jsonl, *shown)
    from_parquet = [
        (*row[:4], row[4] and row[4].replace(",", ", "), row[5])
        for row in rows_of(spark, str(tmp_path / "a.parquet"), *shown)
    ]

    assert from_json == from_parquet == [*expected, empty]
    assert [row[1:4] for row in rows_of(spark, csv, *shown)] == [row[1:4] for row in expected]
    for path in (jsonl, str(tmp_path / "a.parquet")):
        opened = open_source(spark, path, kind="tracks", options=ReadOptions())
        assert (opened.layout.name, opened.row_layout) == ("hit_predictor", "hit_predictor:json")


def test_a_truncated_gzip_is_an_error_that_names_it_and_its_whole_lines_can_be_read(spark, tmp_path):
    # Digits of a hash do not compress well, so that some whole lines stand before the cut.
    body = "".join(f"{i},{hash((i, 0.1))},A,1\n" for i in range(5000))
    whole = gzip.compress(f"{HEADER}\n{body}".encode())
    path = put(tmp_path, "cut off.csv.gz", whole[: len(whole) * 6 // 10])

    with pytest.raises(DataError, match=r"cut off\.csv\.gz is damaged") as caught:
        inspect(spark, path)
    assert "--set sources.allow_partial=true" in caught.value.remedy

    partial = inspect(spark, path, options=ReadOptions(allow_partial=True))
    assert 1000 < partial.rows < 5000
    assert not partial.rejected  # the line that was cut through is left out
    assert "cut off.csv.gz is damaged" in partial.warnings[0]


def test_damaged_parquet_is_an_error_that_names_it(spark, tmp_path):
    spark.range(5).selectExpr("string(id) uri", "'t' track", "'a' artist").coalesce(1).write.parquet(
        str(tmp_path / "p")
    )
    part = next((tmp_path / "p").glob("*.parquet"))
    data = part.read_bytes()
    next((tmp_path / "p").glob(".*.parquet.crc")).unlink()
    part.write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match=r"part-.*\.parquet is damaged"):
        inspect(spark, str(tmp_path / "p"))


def test_parquet_files_that_disagree_on_a_type_are_refused(spark, tmp_path):
    for name, tempo in (("a", "1"), ("b", "'x'")):
        one = spark.range(1).selectExpr("string(id) uri", "'t' track", "'a' artist", f"{tempo} tempo")
        one.write.parquet(str(tmp_path / "p" / name))
    with pytest.raises(DataError, match="do not agree on the type of a column"):
        inspect(spark, str(tmp_path / "p"))


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.csv", b"", "no file holds a record"),
        ("a.csv", b"\n\n", "no file holds a record"),
        ("a.csv", HEADER.encode(), "a.csv: no record below the header"),
        ("a.jsonl", b"", "no file holds a record"),
        ("a.csv", "uri,track,artist\n1,a,b\n".encode("utf-16"), "header is not utf-8 text"),
        ("a.csv", b"PK\x03\x04\x14\0\x06\0\xb5\xff\n\x8b\x1f", "header is not utf-8 text"),
        ("a.csv", b"uri,track,artist\r1,a,b\r2,a,b\r", "carriage returns only"),
        ("a.csv", b'uri,"track"x,artist\n1,a,b\n', "quotes of its header are broken"),
        ("a.csv", b"uri,track,artist\n,a,b\n,c,d\n", "has rows, but no id in any of them"),
        ("a.json", b'[\n{"uri": 1}\n]\n', "no JSON lines"),
        ("a.csv.gz", b"uri,track,artist\n1,a,b\n", "a.csv.gz is damaged"),
    ],
)
def test_a_file_that_is_no_catalogue_is_one_clear_error(spark, tmp_path, name, data, message):
    with pytest.raises(DataError, match=message) as caught:
        inspect(spark, put(tmp_path, name, data))
    assert caught.value.exit_code == 3
    assert caught.value.remedy


def test_a_path_without_files_of_one_readable_type_is_one_clear_error(spark, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoRowsError, match="holds no file"):
        find_files(spark, str(tmp_path / "empty"))
    with pytest.raises(DataError, match=r"there is no .*nowhere\.csv"):
        find_files(spark, str(tmp_path / "nowhere.csv"))
    put(tmp_path, "x/a.csv", "")
    put(tmp_path, "x/b.jsonl", "")
    put(tmp_path, "y/b.xlsx", "")
    with pytest.raises(UsageError, match=r"several types: a\.csv, b\.jsonl"):
        find_files(spark, str(tmp_path / "x"))
    with pytest.raises(UsageError, match=r"b\.xlsx is of a type that is not read"):
        find_files(spark, str(tmp_path / "y"))


def test_names_are_relative_to_the_folder_and_those_of_two_sources_stay_apart(spark, tmp_path):
    for name in ("in/tracks/1.csv", "in/tracks/2/1.csv", "in/artists/1.csv"):
        put(tmp_path, name, "")
    tracks = find_files(spark, f"{tmp_path}/in/tracks/")
    assert tracks.files == ("1.csv", "2/1.csv")
    assert find_files(spark, f"{tmp_path}/in/*/1.csv").files == ("artists/1.csv", "tracks/1.csv")
    assert find_files(spark, f"file://{tmp_path}/in/artists/1.csv", beside=tracks).files == ("artists/1.csv",)
    with pytest.raises(UsageError, match=r"1\.csv belongs to both"):
        find_files(spark, f"{tmp_path}/in/tracks/1.csv", beside=tracks)


def test_files_of_two_layouts_and_an_empty_file_among_others_are_refused(spark, tmp_path):
    put(tmp_path, "x/a.csv", f"{HEADER}\n1,n,A,1\n")
    put(tmp_path, "x/b.csv", "track_id,track_name,track_artist,playlist_genre\n1,n,A,pop\n")
    with pytest.raises(DataError, match=r"several layouts: a\.csv \(hit_predictor\), b\.csv \(playlist_songs\)"):
        inspect(spark, str(tmp_path / "x"))

    put(tmp_path, "x/b.csv", "")
    with pytest.raises(NoRowsError, match=r"b\.csv"):
        inspect(spark, str(tmp_path / "x"))
    found = inspect(spark, str(tmp_path / "x"), options=ReadOptions(allow_empty=True))
    assert (found.rows, found.warnings) == (1, ("1 files hold no record: b.csv",))


def test_inspect_tells_layout_rows_rejects_and_columns(spark, tmp_path):
    path = put(tmp_path, "mine.csv", "Song,Who,Spotify,Colour\nn,A,1,red\nragged\n")
    own = {"Song": "track_name", "Who": "artist_names", "spotify": "track_id"}
    found = inspect(spark, path, options=ReadOptions(columns=own))
    assert (found.layout, found.kind, found.lists, found.rows, found.files) == ("custom", "tracks", "single", 2, 1)
    assert dict(found.rejected) == {lines.RAGGED: 1}
    assert found.extra == ("Colour",)
    assert "tempo" in found.missing
    assert [(r.file, r.line, r.text) for r in found.first_rejects] == [("mine.csv", 3, "ragged")]
    assert found.warnings == ("columns not used: Colour",)


def test_lines_that_carry_their_numbers_are_parsed_without_a_header_whatever_the_partitions(spark):
    given = [(f, line, f'{f}{line},"two\nlines",A,1'.encode()) for f in ("a", "b") for line in (2, 3)]
    given[3] = ("b", 3, b"ragged")
    frame = spark.createDataFrame(given, "file string, line bigint, value binary")
    options = TextOptions(header=tuple(HEADER.split(",")))
    parse = lambda one: [  # noqa: E731
        tuple(r)
        for r in parse_lines(one, layout=LAYOUTS["hit_predictor"], options=options)
        .select(*SHOWN)
        .orderBy("file", "line")
        .collect()
    ]
    expected = [
        ("a", 2, "a2", "two\nlines", "1", None),
        ("a", 3, "a3", "two\nlines", "1", None),
        ("b", 2, "b2", "two\nlines", "1", None),
        ("b", 3, None, None, None, lines.RAGGED),
    ]
    assert parse(frame.coalesce(1)) == expected
    assert parse(frame.repartition(3, "file").sortWithinPartitions("file", "line")) == expected


def test_settings_of_the_session_come_back_even_after_an_error(spark):
    before = spark.conf.get("spark.sql.files.openCostInBytes", None)
    with pytest.raises(ValueError, match="x"), whole_files(spark):
        raise ValueError("x")
    assert spark.conf.get("spark.sql.files.openCostInBytes", None) == before
    assert spark.range(1).select(F.lit(1)).count() == 1


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("path", "layout", "lists", "rows", "rejected"),
    [
        ("spotify_songs/spotify_songs.csv", "playlist_songs", "single", 32_833, {}),
        ("tracks_69k/tracks.csv", "tracks_artists", "braces", 69_522, {}),
        ("tracks_69k/artists.csv", "artists", "braces", 11_278, {}),
        ("kaggle_600k_sample/tracks_10k.csv", "tracks_artists_python", "python", 10_000, {}),
        ("kaggle_600k_sample/artists_10k.csv", "artists", "python", 10_000, {}),
        ("music_genre_50k/music_genre.csv", "music_genre", "single", 50_005, {lines.EMPTY_ROW: 5}),
        ("hit_predictor/*.csv", "hit_predictor", "single", 41_106, {}),
    ],
)
def test_real_files_are_recognised_and_counted(spark, real_data, path, layout, lists, rows, rejected):
    found = inspect(spark, str(real_data / path))
    assert (found.layout, found.lists, found.rows, dict(found.rejected)) == (layout, lists, rows, rejected)
    assert (found.extra, found.warnings) == ((), ())


@pytest.mark.real_data
def test_real_files_that_are_no_catalogue_are_refused_with_what_is_missing(spark, real_data):
    with pytest.raises(DataError, match=r"nearest is playlist_songs, which lacks track_id \(track_id\)$"):
        inspect(spark, str(real_data / "spotify_songs/spotify_songs_latin1.csv"))
    with pytest.raises(DataError, match=r"lyrics\.csv matches no layout"):
        inspect(spark, str(real_data / "billboard/lyrics.csv"))
    with pytest.raises(DataError, match="no JSON lines"):
        inspect(spark, str(real_data / "mpd/mpd.slice.0-999.TRUNCATED_1MiB.json"))


@pytest.mark.real_data
def test_a_real_cp1252_file_is_rejected_line_by_line_as_utf8_and_whole_as_cp1252(spark, real_data):
    own = {"track_album_name": "track_id"}  # it has no id of its own; any column will do to read on
    path = str(real_data / "spotify_songs/spotify_songs_latin1.csv")
    as_utf8 = inspect(spark, path, options=ReadOptions(columns=own))
    bad_lines = sum(1 for line in open(path, "rb") if not _is_utf8(line))  # independent: line by line
    assert (as_utf8.rows, dict(as_utf8.rejected)) == (5_130, {"not UTF-8": bad_lines})
    assert not inspect(spark, path, options=ReadOptions(columns=own, encoding="cp1252")).rejected


def _is_utf8(data):
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
