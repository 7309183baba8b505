"""The job that scales features."""

from __future__ import annotations

import pytest

from spark_app.columns import AUDIO12
from spark_app.errors import SkipStep
from spark_app.jobs import normalise_features
from spark_app.schemas import TABLES
from tests.jobs import catalogue

ROWS = [
    {
        "track_id": track,
        "artist_ids": [],
        "genre_group": group,
        **dict.fromkeys(AUDIO12, 1.0),
        "tempo": tempo,
        "key": None,
    }
    for track, group, tempo in [
        ("a", "rock", 100.0),
        ("b", "rock", 140.0),
        ("c", "jazz", 120.0),
        ("d", "unknown", 120.0),
    ]
]


def test_writes_all_tracks_their_groups_and_the_statistics(make_context):
    context = make_context()
    catalogue.write(context, ROWS, genres=[("a", "rock"), ("a", "rock"), ("a", "jazz"), ("b", "rock"), ("c", "jazz")])

    outcome = normalise_features.run(context)

    audio = {row.track_id: row for row in context.tables.read("features.audio").collect()}
    # Mean 120, population std sqrt(200) by hand; every other feature is constant or absent.
    assert {track: round(row.tempo_range, 12) for track, row in audio.items()} == {"a": -1, "b": 1, "c": 0, "d": 0}
    assert audio["a"].tempo_z == pytest.approx(-20 / 200**0.5, abs=1e-12)
    assert (audio["a"].energy_z, audio["a"].key, audio["a"].key_z) == (0.0, None, None)

    by_group = {
        (r.track_id, r.genre_group): r.tempo_z for r in context.tables.read("features.audio_by_group").collect()
    }
    expected = {("a", "rock"): -1, ("b", "rock"): 1, ("a", "jazz"): -1, ("c", "jazz"): 1, ("d", "unknown"): 0}
    assert by_group == pytest.approx(expected, abs=1e-12)

    stats = {(r.feature, r.genre_group): r for r in context.tables.read("features.audio_stats").collect()}
    assert len(stats) == 12 * 4
    tempo = stats["tempo", "all"]
    assert (tempo.n, tempo.n_null, tempo.mean, tempo.m2, tempo.min, tempo.max) == (4, 0, 120, 800, 100, 140)
    assert (stats["key", "jazz"].n, stats["key", "jazz"].n_null, stats["key", "jazz"].mean) == (0, 2, None)

    assert (outcome.read, outcome.kept, outcome.detail) == (4, 4, "11 features, 3 groups")
    assert "no key column: its z and range are null" in outcome.warnings
    assert "mode is constant: its z and range are 0" in outcome.warnings


def numbers(context):
    rows = context.tables.read("features.audio_stats").collect()
    names = ("n", "n_null", "mean", "m2", "std", "min", "max", "max_abs_z", "is_constant")
    return {(row.feature, row.genre_group): [row[name] for name in names] for row in rows}


def append(context, name, rows):
    """Rows (dictionaries) added to a table in a commit of their own."""
    schema = TABLES[name]
    values = [tuple(row.get(column) for column in schema.columns) for row in rows]
    frame = context.spark.createDataFrame(values, schema.struct)
    frame.write.format("delta").mode("append").save(context.tables.path(name))


def test_appended_tracks_are_merged_into_the_stored_moments(make_context, monkeypatch):
    context = make_context()
    rows = catalogue.curated(n=60)
    for row in rows:
        row["duration_ms"] = 1e5 + 1e5 * row["tempo"]
    rows[50]["key"] = None
    old, new = rows[:40], rows[40:]
    catalogue.write(context, old)
    normalise_features.run(context)
    append(context, "curated.tracks", new)
    genres = [{"track_id": r["track_id"], "genre": r["genre"], "genre_group": r["genre_group"]} for r in new]
    append(context, "curated.track_genres", genres)

    fresh = make_context()  # another run, which has written nothing yet
    looked_at = []
    fit = normalise_features.fit_moments
    monkeypatch.setattr(
        normalise_features, "fit_moments", lambda frame, **how: looked_at.append(frame.count()) or fit(frame, **how)
    )
    outcome = normalise_features.run(fresh)

    assert looked_at == [20, 20]  # overall, and one group each
    assert outcome.detail.endswith("moments of 20 new tracks merged with the stored ones")
    merged = numbers(fresh)
    full = make_context("normalise.incremental=false")
    assert "merged" not in normalise_features.run(full).detail
    for key, expected in numbers(full).items():
        assert merged[key] == pytest.approx(expected, rel=1e-12), key
    assert len(merged) == 12 * 4
    assert full.tables.read("features.audio").count() == 60


@pytest.mark.parametrize("change", ["a track changed", "an old track got a genre"])
def test_more_than_growth_asks_for_a_full_pass(make_context, change):
    context = make_context()
    rows = catalogue.curated(n=20)
    catalogue.write(context, rows)
    normalise_features.run(context)
    if change == "a track changed":
        rows[0]["tempo"] = 99.0
        catalogue.write(context, rows)
    else:
        append(context, "curated.track_genres", [{"track_id": "t0000", "genre": "ska", "genre_group": "reggae"}])

    fresh = make_context()
    assert "merged" not in normalise_features.run(fresh).detail
    found = numbers(fresh)
    assert (found["tempo", "all"][6] == 99.0) == (change == "a track changed")
    assert (("tempo", "reggae") in found) == (change == "an old track got a genre")


def test_no_tracks_is_a_skipped_step(make_context):
    context = catalogue.in_memory(make_context())
    catalogue.write(context, [])
    with pytest.raises(SkipStep, match="no tracks"):
        normalise_features.run(context)
