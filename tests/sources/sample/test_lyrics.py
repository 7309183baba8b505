"""Invented lyrics and the genre signal in them."""

from __future__ import annotations

import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB

from spark_app.sources.sample import lyrics, sample_lyrics, sample_tracks
from tests.frames import assert_same_rows

N = 2_000


@pytest.fixture(scope="module")
def songs(_session):
    tracks = sample_tracks(_session, tracks=N, seed=3)
    return sample_lyrics(_session, tracks=N, seed=3).join(tracks, on="track_id", how="inner").toPandas()  # 2,000 rows


def words_of(songs):
    return songs["lyrics"].dropna().str.replace(r"\[.*?\]", " ", regex=True).str.split().explode().dropna()


def test_every_track_has_a_row_with_its_title_and_first_artist(songs):
    assert len(songs) == N
    assert (songs["title"] == songs["track_name"]).all()
    assert (songs["artist"] == songs["artist_names"].str[0]).all()


def test_some_lyrics_are_missing_and_instrumental_tracks_have_empty_ones(songs):
    assert songs["lyrics"].isna().mean() == pytest.approx(lyrics.NULL_SHARE, abs=0.02)
    known = songs.dropna(subset="lyrics")
    assert ((known["lyrics"] == "") == (known["instrumentalness"] >= lyrics.INSTRUMENTAL_FROM)).all()
    assert (known["lyrics"] == "").any()


def test_a_song_has_four_sections_and_repeats_its_chorus(songs):
    sung = songs[songs["lyrics"].fillna("") != ""]["lyrics"]
    sections = sung.str.split("\n\n")
    assert set(sections.map(len)) == {4}
    assert (sections.str[1] == sections.str[3]).all()
    assert (sections.str[0] != sections.str[2]).all()
    is_marked = sung.str.startswith("[Verse 1]\n")
    assert is_marked.mean() == pytest.approx(lyrics.MARKED_SHARE, abs=0.04)
    plain = sections[~is_marked].str[0].str.split("\n")
    assert set(plain.map(len)) == {lyrics.LINES}
    assert {len(line.split()) for lines in plain for line in lines} == {lyrics.WORDS_PER_LINE}


def test_the_documented_share_of_words_belongs_to_one_genre_alone(songs):
    words = words_of(songs).to_frame("word").join(songs["genre_group"])
    groups = words.groupby("word")["genre_group"].nunique()
    n_words = words["word"].value_counts()
    # A common word turns up in many groups, an own word in one; rare words are left out.
    own = set(groups[(groups == 1) & (n_words[groups.index] >= 8)].index)
    assert words["word"].isin(own).mean() == pytest.approx(lyrics.GENRE_WORD_SHARE, abs=0.03)
    assert words["word"].nunique() <= lyrics.COMMON_WORDS + 15 * lyrics.GENRE_WORDS


def test_words_alone_tell_the_genre_and_shuffled_ones_do_not(songs):
    sung = songs[songs["lyrics"].fillna("") != ""].sort_values("row_id").reset_index(drop=True)
    counts = CountVectorizer().fit_transform(sung["lyrics"])
    is_test = sung["row_id"] // 60 % 4 == 0  # whole clusters, so no artist on both sides
    y = sung["genre_group"].to_numpy()
    shuffled = sung["genre_group"].sample(frac=1, random_state=0).to_numpy()

    def accuracy(labels):
        model = MultinomialNB().fit(counts[~is_test.to_numpy()], labels[~is_test])
        return (model.predict(counts[is_test.to_numpy()]) == labels[is_test]).mean()

    assert accuracy(y) > 0.8
    assert accuracy(shuffled) < 0.3


def test_a_copy_has_the_words_of_its_original(songs):
    by_id = songs.set_index("track_id")["lyrics"].fillna("?")
    copies = songs[songs["variant_of"].notna() & (songs["mark"] != "instrumental")]
    assert len(copies) > 50
    assert list(by_id.loc[copies["track_id"]]) == list(by_id.loc[copies["variant_of"]])


def test_lyrics_depend_on_seed_and_row_alone(spark):
    assert_same_rows(sample_lyrics(spark, tracks=100, seed=3).repartition(5), sample_lyrics(spark, tracks=100, seed=3))
