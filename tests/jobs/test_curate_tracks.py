"""The job curate_tracks on small and on real input."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

from spark_app.errors import DataError, SkipStep, UsageError
from spark_app.jobs import curate_tracks
from spark_app.schemas import TABLES
from spark_app.sources.layouts import LAYOUTS
from tests.curate.rows import raw_artists, raw_tracks
from tests.jobs.catalogue import in_memory

CURATED = [table.name for table in TABLES.values() if table.job == "curate_tracks"]


def fill(context, tracks, artists):
    context.tables.write("raw.tracks", tracks)
    context.tables.write("raw.artists", artists)


def test_rows_add_up_all_tables_are_written_and_a_second_run_gives_the_same(spark, make_context):
    context = make_context("curate.max_rejected_share=0.5")
    ids = {"layout": "tracks_artists", "artist_ids": "{'a1'}", "artist_names": "{'Ann'}"}
    fill(
        context,
        raw_tracks(
            spark,
            {**ids, "track_name": "Song", "album_id": "al"},
            {**ids, "track_name": "Song - Live", "tempo": "0"},
            {**ids, "track_id": "t1", "line": 9, "tempo": "99"},
            {**ids, "tempo": "999"},
            {**ids, "artist_ids": "{'zz'}", "artist_names": "{'Zoe'}"},
        ),
        raw_artists(
            spark,
            {"layout": "artists", "artist_name": "Ann", "genres": '{"pop punk"}'},
            {"artist_id": "a1", "layout": "artists"},
        ),
    )

    outcome = curate_tracks.run(context)

    assert (outcome.read, outcome.kept, outcome.rejected, outcome.merged) == (7, 4, 1, 2)
    assert outcome.reasons == {"out_of_range": 1}
    assert outcome.detail == "tracks 3 of 5 kept, artists 1 of 2 kept, 2 merged in conflict"
    assert outcome.warnings == ("unknown_artist: 1 tracks kept and flagged",)
    assert outcome.status == "WARN"
    rows = {name: context.tables.read(name).count() for name in [*CURATED, "curated.rejects"]}
    assert rows == {
        "curated.tracks": 3,
        "curated.artists": 2,
        "curated.albums": 1,
        "curated.track_artists": 3,
        "curated.artist_albums": 1,
        "curated.track_genres": 2,
        "curated.variants": 3,
        "curated.rejects": 3,
    }
    tracks = context.tables.read("curated.tracks").orderBy("track_id").collect()
    assert [(t["track_id"], t["line"], t["genre"], t["genre_group"], t["flags"]) for t in tracks] == [
        ("t1", 2, None, "rock", []),
        ("t2", 3, None, "rock", ["tempo_missing"]),
        ("t5", 6, None, "unknown", ["unknown_artist"]),
    ]

    first = {name: context.tables.read(name).collect() for name in CURATED}
    context.tables.write("raw.tracks", context.tables.read("raw.tracks").repartition(3))
    assert curate_tracks.run(context) == outcome
    assert {name: context.tables.read(name).collect() for name in CURATED} == first


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        (
            ["curate.rules.out_of_range=fail"],
            r"1 rows of the tracks break the rule out_of_range, the first in t\.csv, line 3",
        ),
        (["curate.max_rejected_share=0.3"], r"1 of 2 rows of the tracks would be rejected \(50\.0%, limit 30\.0%\)"),
    ],
)
def test_no_table_changes_when_a_rule_fails_or_too_many_rows_are_rejected(spark, make_context, settings, error):
    context = in_memory(make_context(*settings))
    fill(context, raw_tracks(spark, {}, {"tempo": "999"}), raw_artists(spark))
    with pytest.raises(DataError, match=error):
        curate_tracks.run(context)
    assert [name for name in [*CURATED, "curated.rejects"] if context.tables.exists(name)] == []


def test_dropped_rows_leave_no_reject_and_warned_rows_stay(spark, make_context):
    options = ("curate.rules.out_of_range=drop", "curate.rules.not_a_number=warn", "curate.max_rejected_share=0.5")
    context = in_memory(make_context(*options))
    fill(context, raw_tracks(spark, {"energy": "x"}, {"tempo": "999"}), raw_artists(spark))
    outcome = curate_tracks.run(context)
    assert (outcome.kept, outcome.rejected, outcome.reasons) == (1, 1, {"out_of_range": 1})
    assert context.tables.read("curated.rejects").count() == 0
    (track,) = context.tables.read("curated.tracks").collect()
    assert (track["energy"], track["flags"]) == (None, ["not_a_number"])


def test_wrong_rules_stop_before_anything_is_read(make_context):
    with pytest.raises(UsageError, match=r"curate\.rules\.no_track_id"):
        curate_tracks.run(make_context("curate.rules.no_track_id=warn"))
    with pytest.raises(UsageError, match=r"curate\.limits\.enrgy"):
        curate_tracks.run(make_context("curate.limits.enrgy=[0, 1]"))


def test_no_raw_rows_is_a_skipped_step(spark, make_context):
    context = in_memory(make_context())
    fill(context, raw_tracks(spark), raw_artists(spark))
    with pytest.raises(SkipStep, match="no raw tracks"):
        curate_tracks.run(context)


def delivered(spark, table, layout, paths):
    """A raw frame of real files, read by pandas: an implementation apart from the sources'."""
    columns = LAYOUTS[layout].columns
    schema = TABLES[table].struct
    frames = []
    for path in paths:
        cells = pd.read_csv(path, dtype=str, keep_default_na=False).rename(columns=str.lower)
        named = {
            ours: cells[next(h for h in headers if h in cells)]
            for ours, headers in columns.items()
            if set(headers) & set(cells)
        }
        frames.append(pd.DataFrame({**named, "source": "real", "file": path.name, "line": range(2, len(cells) + 2)}))
    rows = pd.concat(frames).assign(layout=layout).reindex(columns=schema.names).astype(object)
    arrow = pa.Table.from_pandas(rows.where(rows.notna() & (rows != ""), None), preserve_index=False)
    return spark.createDataFrame(arrow.to_pandas(), schema)


@pytest.mark.real_data
def test_spotify_songs_adds_up(spark, make_context, real_data):
    context = in_memory(make_context())
    path = real_data / "spotify_songs" / "spotify_songs.csv"
    fill(context, delivered(spark, "raw.tracks", "playlist_songs", [path]), raw_artists(spark))
    outcome = curate_tracks.run(context)
    # 28,356 distinct ids, of which 4 (5 rows) are NA throughout.
    assert (outcome.read, outcome.kept, outcome.rejected, outcome.merged) == (32833, 28352, 5, 4476)
    assert outcome.reasons == {"no_track_name": 5}
    tracks = context.tables.read("curated.tracks")
    assert tracks.where("loudness > 0").count() > 0
    assert tracks.where("array_contains(flags, 'tempo_missing')").count() == 1
    genres = context.tables.read("curated.track_genres").groupBy("track_id").count()
    assert genres.where("count > 1").count() == 1686  # of 1,687 ids with several genres, one is rejected


@pytest.mark.real_data
def test_artist_references_of_tracks_69k_match_the_artists_file(spark, make_context, real_data):
    context = in_memory(make_context())
    folder = real_data / "tracks_69k"
    tracks = delivered(spark, "raw.tracks", "tracks_artists", [folder / "tracks.csv"])
    fill(context, tracks, delivered(spark, "raw.artists", "artists", [folder / "artists.csv"]))
    outcome = curate_tracks.run(context)
    assert (outcome.read, outcome.kept, outcome.rejected, outcome.merged) == (69522 + 11278, 69522 + 11276, 0, 2)
    links = context.tables.read("curated.track_artists")
    known = context.tables.read("curated.artists").where("file is not null")
    assert links.count() == 93021
    assert links.join(known, on="artist_id", how="left_semi").count() == 92926
    groups = {
        r["genre_group"]: r["count"]
        for r in context.tables.read("curated.tracks").groupBy("genre_group").count().collect()
    }
    assert len(groups) == 16
    assert groups["unknown"] < 0.25 * 69522


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("layout", "files", "read", "kept", "reasons", "flags"),
    [
        ("hit_predictor", "hit_predictor/*.csv", 41106, 40560, {}, {"tempo_missing": 1}),
        (
            "music_genre",
            "music_genre_50k/music_genre.csv",
            50005,
            50000,
            {"no_track_id": 5},
            {"tempo_missing": 4980, "duration_ms_missing": 4939, "artist_missing": 2489},
        ),
    ],
)
def test_layouts_without_artist_ids_add_up(spark, make_context, real_data, layout, files, read, kept, reasons, flags):
    context = in_memory(make_context())
    fill(context, delivered(spark, "raw.tracks", layout, sorted(real_data.glob(files))), raw_artists(spark))
    outcome = curate_tracks.run(context)
    assert (outcome.read, outcome.kept, outcome.reasons) == (read, kept, reasons)
    found = context.tables.read("curated.tracks").selectExpr("explode(flags) as flag").groupBy("flag").count().collect()
    assert {row["flag"]: row["count"] for row in found} == flags
