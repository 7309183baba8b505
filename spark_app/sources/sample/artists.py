"""Artists of the sample catalogue: values as functions of the artist's number, and the typed frame."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession

from spark_app.columns import ARTIST_ID, ARTIST_NAME, GENRE_GROUP, GENRES, POPULARITY
from spark_app.sources.sample import spec
from spark_app.sources.sample.randomness import Draws
from spark_app.sources.sample.shape import Shape, slot_of_artist
from spark_app.sources.sample.sql import Sql, add, item_at, number_at, within
from spark_app.sources.sample.words import artist_name, spotify_like_id, word

ARTIST = "artist"  # number of the artist, bigint
FOLLOWERS = "followers"
GROUP_OF_SLOT = [float(i) for i, group in enumerate(spec.GROUPS) for _ in range(group.slots)]

_GROUP = "group_at"
_REGIONS = 60


def group_index(draws: Draws, artist: Sql) -> Sql:
    """Position in ``spec.GROUPS`` of an artist's main group; each 200 consecutive artists hold the exact shares."""
    return f"int({number_at(GROUP_OF_SLOT, slot_of_artist(draws, artist))})"


def artist_id(draws: Draws, artist: Sql) -> Sql:
    """Identifier of an artist."""
    return spotify_like_id(draws, "artist", artist)


def artist_popularity(draws: Draws, artist: Sql) -> Sql:
    """Popularity of an artist in [0, 100], int."""
    mean, std = spec.ARTIST_POPULARITY
    wanted = f"round({mean}D + {std}D * {draws.normal('artist.popularity', artist)})"
    return f"int({within(wanted, 0, 100)})"


def sample_artists(spark: SparkSession, *, tracks: int, seed: int) -> DataFrame:
    """Artists before any dirt.

    Args:
        spark: The session.
        tracks: Rows of the tracks file, [100, 100,000,000]; there is about one artist for 12 of them.
        seed: Any integer.

    Returns:
        One row per artist, key ``artist_id`` ``[artist (number from 0), artist_id, artist_name, genres (1 to 3 raw
        ones, the first of the main group), popularity [0, 100], followers, genre_group (the planted main group)]``.
    """
    numbers = spark.range(Shape(tracks).artists).withColumnRenamed("id", ARTIST)
    return describe_artists(numbers, draws=Draws(seed))


def describe_artists(numbers: DataFrame, *, draws: Draws) -> DataFrame:
    """Add the columns of ``sample_artists`` to a frame that holds ``artist``, the artist's number."""
    grouped = add(numbers, {_GROUP: group_index(draws, ARTIST), POPULARITY: artist_popularity(draws, ARTIST)})
    # Followers grow tenfold with every 20 points of popularity.
    power = f"{POPULARITY} / 20.0D + 1.5D + 0.3D * {draws.normal('artist.followers', ARTIST)}"
    described = {
        ARTIST_ID: artist_id(draws, ARTIST),
        ARTIST_NAME: artist_name(draws, ARTIST),
        GENRES: _genres(draws),
        FOLLOWERS: f"floor(power(10.0D, {power}))",
        GENRE_GROUP: item_at(spec.GROUP_NAMES, _GROUP),
    }
    return add(grouped, described).drop(_GROUP)


def _genres(draws: Draws) -> Sql:
    """One to three raw genres; two of the main group outvote the third, which may come from anywhere."""
    has_second = draws.chance("genre.has_second", spec.SECOND_GENRE_SHARE, ARTIST)
    has_third = f"{has_second} AND {draws.chance('genre.has_third', spec.THIRD_GENRE_SHARE, ARTIST)}"
    first, second = _raw_genre(draws, _GROUP, 1), _raw_genre(draws, _GROUP, 2)
    third = _raw_genre(draws, draws.index("genre.any_group", len(spec.GROUPS), ARTIST), 3)
    wanted = f"array({first}, if({has_second}, {second}, NULL), if({has_third}, {third}, NULL))"
    return f"array_distinct(array_compact({wanted}))"


def _raw_genre(draws: Draws, group: Sql, turn: int) -> Sql:
    """A raw genre of a group: a common one, or a regional one such as ``kaloran blues``."""
    lists = [g.genres.split("|") for g in spec.GROUPS]
    first_at = [sum(map(len, lists[:i])) for i in range(len(lists))]
    drawn = draws.uniform(f"genre.rank.{turn}", ARTIST)
    # Squared: the first genres of a list are the common ones.
    n_genres = number_at([len(genres) for genres in lists], group)
    rank = f"{number_at(first_at, group)} + floor({drawn} * {drawn} * {n_genres})"
    common = item_at([genre for genres in lists for genre in genres], rank)
    region = word(draws.index(f"genre.region.{turn}", _REGIONS, ARTIST))
    regional = f"concat({region}, 'ran ', {item_at([genres[0] for genres in lists], group)})"
    return f"if({draws.chance(f'genre.is_tail.{turn}', spec.TAIL_GENRE_SHARE, ARTIST)}, {regional}, {common})"
