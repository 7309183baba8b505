"""Selections of the genre-partitioned table."""

from __future__ import annotations

from spark_app.curate.membership import group_members
from spark_app.curate.selections import ranked_groups, tracks_by_genre
from spark_app.schemas import TABLES

CHOICE = {
    "top_n": 1,
    "stratified_per_genre": 2,
    "stratified_genres": 2,
    "hybrid_top": 1,
    "hybrid_tail_per_genre": 1,
    "seed": 42,
}


def lake(spark):
    """Five rock tracks, three pop (one of them rock too), one jazz, two without genre."""
    genres = [(f"r{n}", "rock") for n in range(5)] + [("p1", "pop"), ("p2", "pop"), ("r0", "pop"), ("j", "jazz")]
    ids = [f"r{n}" for n in range(5)] + ["p1", "p2", "j", "u1", "u2"]
    schema = TABLES["curated.tracks"].struct
    tracks = [{"track_id": track, "track_name": track.upper(), "artist_names": ["A", "B"]} for track in ids]
    frame = spark.createDataFrame([tuple(row.get(name) for name in schema.names) for row in tracks], schema)
    return frame, spark.createDataFrame(genres + genres[:1], "track_id string, genre_group string")


def test_every_track_stands_once_in_each_of_its_groups_or_under_unknown(spark):
    tracks, genres = lake(spark)
    found = sorted((row["track_id"], row["genre_group"]) for row in group_members(tracks, genres).collect())
    assert [pair for pair in found if pair[0] in ("r0", "u1", "j")] == [
        ("j", "jazz"),
        ("r0", "pop"),
        ("r0", "rock"),
        ("u1", "unknown"),
    ]
    assert len(found) == 11


def test_groups_are_ranked_by_size_then_name_and_small_ones_set_aside():
    ranking = ranked_groups({"rock": 5, "pop": 3, "jazz": 1, "edm": 3, "unknown": 9}, min_tracks=2)
    assert ranking.selectable == ("rock", "edm", "pop")
    assert ranking.written == ("unknown", "rock", "edm", "pop")
    assert ranking.too_small == {"jazz": 1}
    assert ranked_groups({}, min_tracks=1).written == ()


def selected(spark, partitions=1, **choice):
    tracks, genres = lake(spark)
    pairs = group_members(tracks, genres).repartition(partitions)
    ranking = ranked_groups({"rock": 5, "pop": 3, "jazz": 1, "unknown": 2}, min_tracks=choice.pop("min_tracks", 1))
    return tracks_by_genre(tracks.repartition(partitions), pairs, ranking, **{**CHOICE, **choice}).collect()


def chosen(rows, selection):
    groups = [row["genre_group"] for row in rows if row[selection]]
    return {group: groups.count(group) for group in sorted(set(groups))}


def test_three_selections_of_document_000(spark):
    rows = selected(spark)
    assert len(rows) == 11
    assert chosen(rows, "is_top_n") == {"rock": 5}
    assert chosen(rows, "is_stratified") == {"pop": 2, "rock": 2}
    assert chosen(rows, "is_hybrid") == {"jazz": 1, "pop": 1, "rock": 5}
    assert {row["artist_name"] for row in rows} == {"A"}
    assert set(rows[0].asDict()) == set(TABLES["curated.tracks_by_genre"].columns)


def test_groups_below_the_minimum_are_left_out_and_the_sample_depends_on_the_seed_alone(spark):
    rows = selected(spark, min_tracks=2)
    assert {row["genre_group"] for row in rows} == {"rock", "pop", "unknown"}
    again = selected(spark, partitions=3, min_tracks=2)
    assert sorted(map(tuple, rows), key=str) == sorted(map(tuple, again), key=str)

    def sample(seed):
        return frozenset(r["track_id"] for r in selected(spark, seed=seed) if r["is_stratified"])

    assert len({sample(seed) for seed in (1, 2, 3)}) > 1
