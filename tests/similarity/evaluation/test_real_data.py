"""The published figures of the playlist songs, and every hit counted again by NumPy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import functions as F

from spark_app.columns import AUDIO12, AUDIO12_Z
from spark_app.curate.variants import variants
from spark_app.similarity.evaluation.plan import Ranking
from spark_app.similarity.evaluation.queries import evaluation_queries, with_vectors
from spark_app.similarity.evaluation.summary import means
from spark_app.similarity.evaluation.sums import artist_sums
from tests.similarity.evaluation.frames import plan_of

EXACT = Ranking("z", "euclidean", "exact")
PROTOCOLS = ("P0", "artist_with_twins", "artist", "other_album_with_twins", "other_album")


@pytest.mark.real_data
def test_reproduces_the_published_figures_of_the_playlist_songs(spark, real_data):
    songs = pd.read_csv(real_data / "spotify_songs" / "spotify_songs.csv", keep_default_na=False)
    songs = songs[songs.track_name != "NA"].drop_duplicates("track_id")  # one row per id, P0
    songs = songs.sort_values("track_id", ignore_index=True)
    features = songs[list(AUDIO12)].to_numpy(float)
    z = pd.DataFrame((features - features.mean(axis=0)) / features.std(axis=0), columns=list(AUDIO12_Z))
    named = songs[["track_id", "track_name"]].assign(
        genre_group=songs.playlist_genre,
        artist_ids=songs.track_artist.str.lower().str.strip().map(lambda name: [name]),
        album_id=songs.track_album_id,
        popularity=songs.track_popularity,
    )
    tracks = spark.createDataFrame(pd.concat([named, songs[list(AUDIO12)].astype(float), z], axis=1))
    tracks = tracks.withColumn("release_year", F.lit(None).cast("int"))
    queries = evaluation_queries(tracks, variants(tracks))
    members = with_vectors(queries, tracks, None, scalings=["z"])
    sizes = songs.playlist_genre.value_counts().to_dict()
    plan = plan_of(EXACT, protocols=PROTOCOLS)

    rows = means(artist_sums(members, plan=plan, sizes=sizes), plan=plan).collect()

    value = {(r.protocol, r.engine, r.metric, r.genre): r.value for r in rows}
    assert value["P0", "exact", "hit@10", "all"] == pytest.approx(0.175, abs=0.003)
    assert value["P0", "exact", "mrr@10", "all"] == pytest.approx(0.128, abs=0.003)
    assert value["P0", "random", "hit@10", "all"] == pytest.approx(0.016, abs=0.001)
    assert value["artist_with_twins", "exact", "hit@10", "all"] == pytest.approx(0.246, abs=0.005)
    assert value["artist", "exact", "hit@10", "all"] == pytest.approx(0.110, abs=0.005)
    twins = {row.track_id: row.variant_group for row in queries.select("track_id", "variant_group").collect()}
    known = songs.assign(artist=named.artist_ids.str[0], variant=songs.track_id.map(twins))
    is_rock = (songs.playlist_genre == "rock").to_numpy()
    for protocol, hits in hits_by_numpy(known[is_rock], z[is_rock].to_numpy()).items():
        assert value[protocol, "exact", "hit@10", "rock"] == pytest.approx(hits, abs=1e-12), protocol


def hits_by_numpy(songs, z):
    """hit@10 within one group by the whole matrix of distances."""
    far = np.sqrt(sum((z[:, None, i] - z[None, :, i]) ** 2 for i in range(z.shape[1])))
    np.fill_diagonal(far, np.inf)
    artist, album, variant = (
        songs[name].to_numpy()[:, None] == songs[name].to_numpy()[None, :]
        for name in ("artist", "track_album_id", "variant")
    )
    nobody = np.zeros_like(artist)
    cases = {
        "P0": (artist, nobody),
        "artist_with_twins": (artist, nobody),
        "artist": (artist, variant),
        "other_album_with_twins": (artist, album),
        "other_album": (artist, album | variant),
    }
    order = np.argsort(far, axis=1, kind="stable")[:, :-1]  # all but itself
    found = {}
    for protocol, (relevant, out) in cases.items():
        is_left = ~np.take_along_axis(out, order, axis=1)
        is_relevant = np.take_along_axis(relevant, order, axis=1) & is_left
        hit = (is_relevant & (np.cumsum(is_left, axis=1) <= 10)).any(axis=1)
        found[protocol] = hit.mean() if protocol == "P0" else hit[is_relevant.any(axis=1)].mean()
    return found
