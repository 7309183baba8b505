"""The typed frames: artists, albums, names, copies, dates, popularity."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest

from spark_app.columns import AUDIO12
from spark_app.sources.sample import sample_artists, sample_tracks, spec
from spark_app.sources.sample.words import SYLLABLES
from tests.frames import assert_same_rows
from tests.sources.sample.conftest import SEED

CLUSTER = 120  # rows of a cluster at 20,000


def originals(catalogue):
    return catalogue.tracks[catalogue.tracks["variant_of"].isna()]


def test_every_track_has_its_own_id_and_no_value_is_missing(catalogue):
    tracks = catalogue.tracks
    assert tracks["track_id"].is_unique
    assert tracks["track_id"].str.fullmatch("[0-9A-Za-z]{22}").all()
    assert not tracks.drop(columns="variant_of").isna().any(axis=None)


def test_rows_depend_on_seed_and_id_alone(spark):
    first = sample_tracks(spark, tracks=100, seed=SEED)
    assert_same_rows(sample_tracks(spark, tracks=100, seed=SEED).repartition(7), first)
    other = sample_tracks(spark, tracks=100, seed=SEED + 1)
    assert first.select("track_id").intersect(other.select("track_id")).isEmpty()


def test_a_larger_catalogue_begins_with_the_rows_of_a_smaller_one(spark, catalogue):
    larger = sample_tracks(spark, tracks=50_000, seed=SEED).where("row_id IN (0, 777, 19999)").toPandas()  # 3 rows
    smaller = catalogue.tracks[catalogue.tracks["row_id"].isin([0, 777, 19_999])].reset_index(drop=True)
    assert larger.to_dict("records") == smaller.to_dict("records")


def test_a_hundred_tracks_are_a_catalogue_too(spark):
    tracks = sample_tracks(spark, tracks=100, seed=SEED).toPandas()  # 100 rows
    assert len(tracks) == 100
    assert tracks["genre_group"].nunique() >= 8
    assert tracks["artist_ids"].map(lambda ids: len(set(ids)) == len(ids)).all()


def test_artists_have_unique_names_and_one_to_three_genres(catalogue):
    artists = catalogue.artists
    assert len(artists) == 1_670  # 167 clusters of ten
    assert artists["artist_id"].is_unique
    assert artists["artist_name"].str.lower().is_unique
    assert set(artists["genres"].map(len)) == {1, 2, 3}
    assert artists["popularity"].between(0, 100).all()


def test_two_hundred_artists_share_out_the_groups_exactly(catalogue):
    first = catalogue.artists.sort_values("artist").head(200)
    assert first["genre_group"].value_counts().to_dict() == {group.name: group.slots for group in spec.GROUPS}


def test_genres_have_a_head_and_a_long_tail_and_name_their_group(catalogue):
    artists = catalogue.artists
    counts = artists["genres"].explode().value_counts()
    assert counts.head(10).sum() > counts.sum() / 4
    assert (counts == 1).sum() > 150
    rock = artists[artists["genre_group"] == "rock"]
    assert rock["genres"].map(lambda genres: "rock" in genres[0].replace("-", " ").split()).all()


def test_collaborations_stay_inside_a_cluster_and_never_credit_an_artist_twice(catalogue):
    tracks = catalogue.tracks
    cluster_of = dict(zip(catalogue.artists["artist_id"], catalogue.artists["artist"] // 10, strict=True))
    for row, ids in zip(tracks["row_id"], tracks["artist_ids"], strict=True):
        assert {cluster_of[one] for one in ids} == {row // CLUSTER}
        assert len(set(ids)) == len(ids)
    credits_ = tracks["artist_ids"].map(len)
    assert (credits_ > 1).mean() == pytest.approx(spec.GUEST_SHARE, abs=0.01)
    assert (credits_ > 2).sum() / (credits_ > 1).sum() == pytest.approx(spec.SECOND_GUEST_SHARE, abs=0.02)


def test_ids_and_names_of_credits_match_the_artists(catalogue):
    name_of = dict(zip(catalogue.artists["artist_id"], catalogue.artists["artist_name"], strict=True))
    head = catalogue.tracks.head(500)
    for ids, names in zip(head["artist_ids"], head["artist_names"], strict=True):
        assert [name_of[one] for one in ids] == list(names)


def test_names_hold_what_breaks_careless_readers(catalogue):
    for names in (catalogue.tracks["track_name"], catalogue.artists["artist_name"]):
        for pattern in ("'", '"', ",", "[áèîöü]", "[а-я]", "[ァ-ヺ]"):
            assert names.str.contains(pattern).any(), pattern
    titles = catalogue.tracks["track_name"]
    assert titles.str.contains("\N{CRESCENT MOON}").any()
    assert set(titles[titles.str.match("[=+@-]")].str[0]) == set("=+@-")
    # Nobody can write both kinds of quotes into a brace list without escapes.
    assert not catalogue.artists["artist_name"].map(lambda name: "'" in name and '"' in name).any()


def test_words_are_unique_because_syllables_are():
    assert len(set(SYLLABLES)) == 32
    assert {len(syllable) for syllable in SYLLABLES} == {2}


def test_no_two_songs_of_a_cluster_share_a_title_so_that_only_planted_twins_are_twins(catalogue):
    songs = originals(catalogue)
    plain = songs["track_name"].map(
        lambda t: "".join(c for c in unicodedata.normalize("NFD", t.lower()) if c.isalnum())
    )
    assert not plain.groupby(songs["row_id"] // CLUSTER).apply(lambda titles: titles.duplicated().any()).any()


def test_copies_share_first_artist_and_bare_title_with_an_original_that_is_no_copy(catalogue):
    by_id = catalogue.tracks.set_index("track_id")
    copies = by_id[by_id["variant_of"].notna()]
    assert len(copies) / (0.95 * len(by_id)) == pytest.approx(spec.COPY_SHARE, abs=0.005)
    first = by_id.loc[copies["variant_of"]]

    assert first["variant_of"].isna().all()
    assert list(first["artist_ids"].str[0]) == list(copies["artist_ids"].str[0])
    for stem, name in zip(first["track_name"], copies["track_name"], strict=True):
        assert name.lower().startswith(stem.lower())
        assert name.lower()[len(stem) :][:2] in {"", "!", " (", " -"}
    assert (copies["release_year"].to_numpy() >= first["release_year"].to_numpy()).all()
    assert copies["album_id"].is_unique


@pytest.mark.parametrize("mark", [mark for mark in spec.MARKS if mark])
def test_the_name_of_a_variant_says_what_it_is(catalogue, mark):
    names = catalogue.tracks[catalogue.tracks["mark"] == mark]["track_name"]
    assert len(names) > 20
    assert names.str.lower().str.contains(mark).all()


def test_half_of_the_twins_are_exact_and_the_others_almost(catalogue):
    by_id = catalogue.tracks.set_index("track_id")
    twins = by_id[by_id["variant_of"].notna() & (by_id["mark"] == spec.TWIN)]
    features = list(AUDIO12)
    gap = (twins[features].to_numpy() - by_id.loc[twins["variant_of"], features].to_numpy()).__abs__()

    is_exact = (gap == 0).all(axis=1)
    assert is_exact.mean() == pytest.approx(spec.EXACT_TWIN_SHARE, abs=0.08)  # 348 twins
    # Both values were rounded, which adds at most one unit of the last place.
    allowed = [
        spec.FEATURES[f].jitter + 10.0 ** -spec.FEATURES[f].digits if f in spec.FEATURES else 0 for f in features
    ]
    assert (gap <= np.array(allowed) + 1e-9).all()


def test_release_dates_lean_to_recent_years_and_show_their_precision(catalogue):
    songs = originals(catalogue)
    assert songs["release_year"].between(spec.FIRST_YEAR, spec.LAST_YEAR).all()
    # Density proportional to the year since 1955: the median is 1955 + 70 * sqrt(1/2) = 2004; about 2,000 albums.
    assert songs["release_year"].median() == pytest.approx(2004, abs=2)
    shares = songs["release_date_precision"].value_counts(normalize=True)
    for precision, weight in spec.DATE_PRECISIONS.items():
        assert shares[precision] == pytest.approx(weight / 100, abs=0.025)
    by_year = songs[songs["release_date_precision"] == "year"]["release_date"].astype(str)
    assert by_year.str.endswith("-01-01").all()


def test_popularity_follows_the_documented_coefficients(catalogue):
    tracks = catalogue.tracks
    artist_popularity = dict(zip(catalogue.artists["artist_id"], catalogue.artists["popularity"], strict=True))
    columns = {
        "constant": np.ones(len(tracks)),
        "artist_popularity": tracks["artist_ids"].str[0].map(artist_popularity),
        "recency": (tracks["release_year"] - spec.FIRST_YEAR) / (spec.LAST_YEAR - spec.FIRST_YEAR),
    }
    x = np.column_stack([columns.get(name, tracks.get(name)) for name in spec.POPULARITY]).astype(float)
    y = tracks["popularity"].to_numpy(float)

    # Ordinary least squares by NumPy; standard errors are below 0.4 on 20,000 rows.
    found, *_ = np.linalg.lstsq(x, y, rcond=None)

    for name, value in zip(spec.POPULARITY, found, strict=True):
        assert value == pytest.approx(spec.POPULARITY[name], abs=0.02 if name == "artist_popularity" else 1.2), name
    assert np.std(y - x @ found) == pytest.approx(spec.POPULARITY_NOISE, abs=0.1)


def test_artists_depend_on_seed_and_number_alone(spark):
    artists = sample_artists(spark, tracks=100, seed=SEED)
    assert_same_rows(sample_artists(spark, tracks=100, seed=SEED).repartition(5), artists)
