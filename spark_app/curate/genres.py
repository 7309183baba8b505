"""Genres of tracks, and the 15 groups they fall into by ``genre_groups.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_app.columns import ARTIST_ID, FILE, GENRE, GENRE_GROUP, GENRES, LINE, OTHER, SOURCE, TRACK_ID
from spark_app.curate import rules
from spark_app.curate.winners import FATE
from spark_app.errors import UsageError

ORIGIN = "origin"
FROM_TRACK = "track"
FROM_ARTIST = "artist"
_MAP = "genre_groups.yaml"
_BETWEEN = "\n"  # cannot occur in a normalised genre


@dataclass(frozen=True)
class GenreMap:
    """The groups in order, and the phrases in the order in which they win.

    Attributes:
        version: Of the map file.
        groups: Groups in map order, ``other`` last.
        phrases: Pairs of phrase and group: more words first, then more characters, then map order.
    """

    version: int
    groups: tuple[str, ...]
    phrases: tuple[tuple[str, str], ...]

    def group_of(self, genre: Column) -> Column:
        """The group of a normalised genre: of the longest phrase of whole words in it, ``other`` where none matches.

        A plain list of phrases in winning order is searched for the first that stands in the genre between blanks.
        Null stays null.
        """
        padded = F.concat(F.lit(" "), genre, F.lit(" "))
        phrases = F.split(F.lit(_BETWEEN.join(f" {phrase} " for phrase, _ in self.phrases)), _BETWEEN)
        groups = F.split(F.lit(_BETWEEN.join(group for _, group in self.phrases)), _BETWEEN)
        place = F.array_position(F.transform(phrases, lambda phrase: padded.contains(phrase)), True)
        return F.when(place > 0, F.element_at(groups, place.cast("int"))).when(genre.isNotNull(), F.lit(OTHER))


@cache
def genre_map() -> GenreMap:
    """The map of ``genre_groups.yaml``.

    Raises:
        UsageError: A phrase stands twice, is not in normal form, or ``other`` is not the last group.
    """
    return parse_genre_map(yaml.safe_load(resources.files("spark_app.curate").joinpath(_MAP).read_text("utf-8")))


def parse_genre_map(content: dict[str, Any]) -> GenreMap:
    """Check the content of a map file and put its phrases in winning order; raises as ``genre_map``."""
    groups = tuple(content["groups"])
    pairs = [(str(phrase), group) for group in groups for phrase in content["groups"][group] or ()]
    phrases = [phrase for phrase, _ in pairs]
    twice = sorted({phrase for phrase in phrases if phrases.count(phrase) > 1})
    odd = [phrase for phrase in phrases if phrase != " ".join(phrase.lower().replace("-", " ").split())]
    if twice or odd or groups[-1] != OTHER:
        raise UsageError(
            f"{_MAP}: phrases that stand twice {twice}, that are not in normal form {odd}, last group {groups[-1]}",
            "Each phrase belongs to one group, in lower case, words separated by one space; 'other' comes last.",
        )
    # A stable sort keeps map order among phrases of equal length.
    ordered = sorted(pairs, key=lambda pair: (-len(pair[0].split()), -len(pair[0])))
    return GenreMap(version=int(content["version"]), groups=groups, phrases=tuple(ordered))


def genres_by_track(tracks: DataFrame, links: DataFrame, artists: DataFrame) -> DataFrame:
    """Raw genres of each track: its own, else those of its artists.

    Args:
        tracks: Judged rows ``[source, file, line, track_id, genre, fate]``; merged rows lend their genre.
        links: One row per track and artist ``[track_id, artist_id, position]``.
        artists: One row per artist ``[artist_id, genres]``.

    Returns:
        One row per track that has a genre, key ``track_id`` ``[track_id, origin, genres]``. Own genres stand in
        (file, line) order, once for each row with it; those of artists in the order of the credits, likewise.
    """
    is_member = F.col(FATE).isin(rules.KEPT, rules.MERGED, rules.MERGED_CONFLICT)
    own = (
        tracks.where(is_member & F.col(GENRE).isNotNull())
        .groupBy(TRACK_ID)
        .agg(F.array_sort(F.collect_list(F.struct(FILE, LINE, SOURCE, GENRE)))[GENRE].alias("_own"))
    )
    lent = (
        links.join(artists.where(F.size(GENRES) > 0).select(ARTIST_ID, GENRES), on=ARTIST_ID, how="inner")
        .groupBy(TRACK_ID)
        .agg(F.flatten(F.array_sort(F.collect_list(F.struct("position", GENRES)))[GENRES]).alias("_lent"))
    )
    return own.join(lent, on=TRACK_ID, how="full_outer").select(
        TRACK_ID,
        F.when(F.col("_own").isNotNull(), F.lit(FROM_TRACK)).otherwise(F.lit(FROM_ARTIST)).alias(ORIGIN),
        F.coalesce("_own", "_lent").alias(GENRES),
    )


def known_genres(tracks: DataFrame, artists: DataFrame) -> DataFrame:
    """The distinct genres of tracks and artists, one row each ``[genre]``: thousands, whatever the catalogue."""
    lent = artists.select(F.explode(GENRES).alias(GENRE))
    return tracks.where(F.col(GENRE).isNotNull()).select(GENRE).union(lent).distinct()


def track_genres(by_track: DataFrame, genres: DataFrame, mapping: GenreMap) -> DataFrame:
    """One row per track and raw genre, the columns of ``curated.track_genres``, key ``[track_id, genre]``.

    Args:
        by_track: ``[track_id, origin, genres]`` of ``genres_by_track``.
        genres: Every genre that occurs, once.
        mapping: Genres to groups.

    Returns:
        ``position`` counts from 1 in the order of ``genres``; ``n_artists`` is how many credited artists carry the
        genre, null where it is the track's own.
    """
    grouped = genres.withColumn(GENRE_GROUP, mapping.group_of(F.col(GENRE)))
    each = by_track.select(
        TRACK_ID, ORIGIN, F.col(GENRES).alias("_all"), F.posexplode(F.array_distinct(GENRES)).alias("_place", GENRE)
    )
    n_artists = F.size(F.filter("_all", lambda other: other == F.col(GENRE)))
    return each.join(grouped, on=GENRE, how="inner").select(
        TRACK_ID,
        GENRE,
        GENRE_GROUP,
        (F.col("_place") + 1).alias("position"),
        ORIGIN,
        F.when(F.col(ORIGIN) == FROM_ARTIST, n_artists).alias("n_artists"),
    )


def labels(genres: DataFrame, mapping: GenreMap) -> DataFrame:
    """Label and group of each track that has a genre, key ``track_id`` ``[track_id, genre, genre_group]``.

    Args:
        genres: The columns of ``curated.track_genres``.
        mapping: Supplies the order of the groups.

    Returns:
        ``genre`` is the track's own first genre, null where the genres come from artists. ``genre_group`` is the
        group with the most matching genres over the track's artists; ties go by map order, and ``other`` is taken
        only where nothing else matches.
    """
    weight = F.coalesce("n_artists", F.lit(1))
    named = [group for group in mapping.groups if group != OTHER]
    own_first = F.when((F.col(ORIGIN) == FROM_TRACK) & (F.col("position") == 1), F.col(GENRE))
    sums = {group: F.sum(F.when(F.col(GENRE_GROUP) == group, weight).otherwise(0)) for group in named}
    per_track = genres.groupBy(TRACK_ID).agg(
        F.max(own_first).alias(GENRE), *[column.alias(f"_n_{group}") for group, column in sums.items()]
    )
    most = F.greatest(*[F.col(f"_n_{group}") for group in named])
    best = F.coalesce(*[F.when((most > 0) & (F.col(f"_n_{group}") == most), F.lit(group)) for group in named])
    return per_track.select(TRACK_ID, GENRE, F.coalesce(best, F.lit(OTHER)).alias(GENRE_GROUP))
