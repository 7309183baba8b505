"""The job that scales features."""

from __future__ import annotations

import pytest

from spark_app.columns import AUDIO12
from spark_app.errors import SkipStep
from spark_app.jobs import normalise_features
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


def test_no_tracks_is_a_skipped_step(make_context):
    context = catalogue.in_memory(make_context())
    catalogue.write(context, [])
    with pytest.raises(SkipStep, match="no tracks"):
        normalise_features.run(context)
