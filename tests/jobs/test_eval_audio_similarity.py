"""eval_audio_similarity as a job."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pyspark.sql import functions as F

from spark_app.errors import SkipStep, UsageError
from spark_app.jobs import eval_audio_similarity
from spark_app.jobs.eval_audio_similarity import JOB
from spark_app.jobs.input_size import largest_input
from spark_app.similarity.evaluation.protocols import BY_ARTIST
from spark_app.tracking import JobRun
from tests.similarity.catalogues import fill, fill_catalogue, vector

TRACKS = [
    ("a", "x", ["rock", "pop"], vector(0)),
    ("b", "x", ["rock"], vector(1)),
    ("c", "y", ["rock"], vector(1.5)),
    ("twin", "y", ["rock"], vector(9)),
    ("p", "x", ["pop"], vector(0)),
]


class Notes(JobRun):
    """What a job records."""

    def __init__(self):
        super().__init__()
        self.figures, self.values, self.inputs = {}, {}, []

    def figure(self, name, draw, *args, **kwargs):
        self.figures[name] = draw(*args, **kwargs)

    def metrics(self, values):
        self.values.update(values)

    def input_table(self, name, path, version):
        self.inputs.append(name)


def test_scores_each_track_once_in_its_first_group(make_context):
    context = replace(make_context("similar.eval.ks=[1, 2]"), run=Notes())
    fill_catalogue(context, [*TRACKS, ("null", "x", ["rock"], [None, *vector(0)[1:]])], twins={"c": "c", "twin": "c"})

    outcome = JOB.run(context)

    # Nearest in rock: a: b (hit); b: c; c: b; twin: c (hit, but a twin). p is alone in pop.
    # By evaluation.md c and its twin have nothing to find, nor has p: hits 1 of 2. Chance: 1 of 3 others each.
    assert outcome.detail == (
        "same artist hit@1 0.500 (random 0.333), 0.500 with near-twins, 0.400 by P0, 3 queries excluded, 1 skipped_null"
    )
    assert (outcome.read, outcome.kept, outcome.status) == (5, 5, "OK")
    rows = context.tables.read("results.eval_audio_similarity").collect()
    of_all = {(r.protocol, r.engine, r.metric): r for r in rows if r.genre == "all"}
    assert of_all["P0", "exact", "hit@1"].value == pytest.approx(2 / 5)
    assert of_all["artist_with_twins", "exact", "hit@1"].value == pytest.approx(2 / 4)
    hit = of_all["artist", "exact", "hit@1"]
    assert hit.lift == pytest.approx((1 / 2) / (1 / 3))
    assert (hit.low, hit.high) == (None, None)  # of one artist
    assert (hit.n_queries, hit.n_excluded, hit.n_artists) == (2, 3, 1)
    assert of_all["artist", "exact", "hit@2"].value == pytest.approx(1)
    assert of_all["other_album", "exact", "hit@1"].value is None  # nobody has an album
    assert {r.genre for r in rows} == {"rock", "pop", "all", "macro"}
    assert {(r.engine, r.scaling, r.k) for r in rows} == {
        (*one, k) for one in (("exact", "z"), ("random", "none")) for k in (1, 2)
    }
    assert {r.protocol for r in rows} == {protocol.name for protocol in BY_ARTIST}
    assert context.run.values["artist.z.exact.all.hit_at_1"] == pytest.approx(1 / 2)
    assert "artist\n2 queries" in [
        text.get_text() for text in context.run.figures["audio_similarity"].axes[0].get_yticklabels()
    ]


def test_every_scaling_and_metric_that_is_asked_for(make_context):
    context = make_context(
        "similar.eval.scalings=[z, none, range, z_by_group]",
        "similar.eval.metrics=[euclidean, cosine, inner_product]",
        "similar.eval.ks=[1]",
    )
    context = replace(context, run=Notes())
    fill_catalogue(
        context, [(one, artist, groups, [*z[:11], i * i]) for i, (one, artist, groups, z) in enumerate(TRACKS)]
    )
    audio, spark = context.tables.read("features.audio"), context.spark
    z = [name for name in audio.columns if name.endswith("_z")]
    fill(context, "features.audio", audio.withColumns({name.replace("_z", "_range"): audio[name] / 9 for name in z}))
    groups = [(one, wanted[0]) for one, _, wanted, _ in TRACKS]
    by_group = spark.createDataFrame(groups, "track_id string, genre_group string").join(audio, "track_id")
    fill(context, "features.audio_by_group", by_group.select("track_id", "genre_group", *z))
    truth = spark.createDataFrame(
        [(1, "a", None), (2, "b", "a"), (3, "gone", "a")], "line long, track_id string, variant_of string"
    )
    fill(context, "ops.sample_truth", truth)
    popular = context.tables.read("curated.tracks").drop("popularity").selectExpr("*", "ascii(track_id) AS popularity")
    fill(context, "curated.tracks", popular)

    assert JOB.run(context).warnings == ()

    rows = context.tables.read("results.eval_audio_similarity").collect()
    hits = {(r.protocol, r.scaling, r.engine): r.value for r in rows if (r.genre, r.metric) == ("all", "hit@1")}
    scalings, metrics = ("z", "none", "range", "z_by_group"), ("", "/cosine", "/inner_product")
    assert {s for _, s, engine in hits if engine == "exact"} == {f"{s}{m}" for s in scalings for m in metrics}
    assert {s for _, s, engine in hits if engine == "popularity"} == {"none"}
    # Range is z by another unit: the same lists.
    assert all(hits[p, "range", "exact"] == hits[p, "z", "exact"] for p, _, _ in hits)
    # b is a's copy. The most popular in rock is the twin ("t"), then c: neither a nor b is anybody's first.
    assert hits["planted", "none", "popularity"] == 0
    assert hits["planted", "z", "exact"] == 1
    assert set(context.run.inputs) == {"features.audio_by_group", "ops.sample_truth"}


def test_mllibs_join_stands_beside_where_it_knows_the_metric(make_context):
    context = make_context(
        "similar.eval.metrics=[euclidean, inner_product]",
        "similar.eval.engines=[exact, spark_lsh]",
        "similar.eval.ks=[1]",
        # One bucket for all; in one of so many tables no pair is parted by the origin, where buckets meet.
        "similar.lsh_bucket_length=10000",
        "similar.lsh_tables=20",
    )
    fill_catalogue(context, [(one, artist, groups[:1], z) for one, artist, groups, z in TRACKS])

    assert JOB.run(context).warnings == ("spark_lsh has no inner_product: left out",)

    rows = context.tables.read("results.eval_audio_similarity").where("protocol = 'P0' AND genre = 'all'").collect()
    hits = {(row.scaling, row.engine): row.value for row in rows if row.metric == "hit@1"}
    assert set(hits) == {("z", "exact"), ("z/inner_product", "exact"), ("z", "spark_lsh"), ("none", "random")}
    assert hits["z", "exact"] == 2 / 5  # a finds b, the twin finds c
    # The threshold of rock is the 90th percentile of the nearest distances 1, 0.5, 0.5 and 7.5: 5.55, so that the twin
    # finds nothing.
    assert hits["z", "spark_lsh"] == 1 / 5


def test_an_engine_that_gave_way_to_the_exact_search_is_told(make_context, monkeypatch):
    def given_way(sums, *, plan):
        return means(sums.withColumn("gave_way", F.expr("engine = 'graph' AND genre != 'unknown'")), plan=plan)

    means = eval_audio_similarity.means
    monkeypatch.setattr(eval_audio_similarity, "means", given_way)
    context = make_context("similar.eval.engines=[exact, graph]", "similar.eval.ks=[1]")
    fill_catalogue(context, [*TRACKS, ("none", "x", [], vector(3))])

    outcome = JOB.run(context)

    assert outcome.warnings == ("z graph did not reach a recall of 0.99 in pop, rock: searched exactly there",)
    assert outcome.status == "WARN"


def test_a_sample_of_queries_says_its_size(make_context):
    context = make_context("similar.eval.queries=20", "similar.eval.ks=[1]")
    fill_catalogue(context, [(f"t{i:02d}", f"a{i % 9}", ["rock"], vector(i)) for i in range(40)])

    detail = JOB.run(context).detail

    rows = context.tables.read("results.eval_audio_similarity").where("genre = 'all' AND protocol = 'P0'").collect()
    (n_queries,) = {row.n_queries for row in rows}
    assert 10 < n_queries < 30
    assert detail.endswith(f"{n_queries} tracks asked for")


def test_nothing_to_evaluate_and_nothing_known_end_at_once(make_context):
    context = make_context()
    fill_catalogue(context, [("a", "x", ["rock"], [None, *vector(0)[1:]])])
    with pytest.raises(SkipStep, match="no danceability column"):
        JOB.run(context)
    with pytest.raises(UsageError, match="there is no engine annoy"):
        JOB.run(make_context("similar.eval.engines=[annoy]"))


def test_playlists_are_a_truth_of_their_own(make_context):
    context = make_context("similar.eval.ks=[1]")
    fill_catalogue(context, [*TRACKS, ("far", "z", ["rock"], vector(99))], twins={"c": "c", "twin": "c"})
    # Of eight playlists a and far share two, c and its twin three; a and p are no tracks of one group.
    lists = [
        ("1", "a far p"),
        ("2", "far a p"),
        ("3", "c twin"),
        ("4", "c twin"),
        ("5", "c twin a"),
        *((name, "b") for name in "678"),
    ]
    entries = [(name, place, track) for name, tracks in lists for place, track in enumerate([*tracks.split(), None])]
    frame = context.spark.createDataFrame(entries, "playlist_id string, position int, track_id string")
    fill(context, "curated.playlist_tracks", frame)

    assert largest_input(context.settings, JOB.reads) == len(entries)  # more than tracks: Spark plans for them
    JOB.run(context)

    rows = context.tables.read("results.eval_audio_similarity").where("genre = 'all' AND metric = 'hit@1'").collect()
    found = {(row.protocol, row.engine): row for row in rows}
    # a and far look for each other, and are not each other's nearest; the other tracks have nothing to find.
    hit = found["playlists", "exact"]
    assert (hit.value, hit.n_queries, hit.n_excluded) == (0, 2, 4)
    assert found["playlists", "random"].value == pytest.approx(1 / 4)
    assert found["playlists_other_artist", "random"].value == pytest.approx((1 / 3 + 1 / 4) / 2)  # b is by a's artist
