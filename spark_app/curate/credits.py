"""Credited artists of a track: ids and names out of the source's list cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_app.columns import ARTIST_ID, ARTIST_IDS, ARTIST_NAMES, LAYOUT, TRACK_ID
from spark_app.curate.lists import SINGLE
from spark_app.curate.text import bare_id, is_blank, name_id, tidy

PARSED_IDS = "_parsed_ids"
PARSED_NAMES = "_parsed_names"
CREDITS = "_credits"  # array of structs (id, name), each id once, in the source's order; empty for none


def dialect_of(layout: Column, dialects: Mapping[str, str]) -> Column:
    """How a layout writes its lists; ``single`` for a layout that the mapping does not name."""
    pairs = [F.lit(part) for pair in dialects.items() for part in pair]
    known = F.element_at(F.create_map(*pairs), layout) if pairs else F.lit(None)
    return F.coalesce(known, F.lit(SINGLE))


def credited(ids: Column, names: Column, placeholders: Sequence[str]) -> Column:
    """Pair ids and names by place; each artist once, at its first place.

    Args:
        ids: Parsed ids, null where the source has none.
        names: Parsed names, null where the source has none.
        placeholders: Names that stand for "no artist".

    Returns:
        Array of structs ``(id, name)``. A name without id gets ``n:`` and its hash; an id without name keeps a null
        name, as all ids do where the two lists differ in length. A credit without either is left out, and so is one
        whose name is a placeholder, with its id: tracks that share it would count as of one artist.
    """
    fits = ids.isNull() | names.isNull() | (F.size(ids) == F.size(names))
    clean_ids = F.transform(_or_empty(ids), bare_id)
    clean_names = F.transform(_or_empty(F.when(fits, names)), tidy)

    def pair(key: Column, name: Column) -> Column:
        credit = F.struct(F.coalesce(key, name_id(name)).alias("id"), name.alias("name"))
        return F.when(~_is_placeholder(name, placeholders), credit)

    pairs = F.zip_with(clean_ids, clean_names, pair)
    return F.filter(pairs, lambda one: one["id"].isNotNull())


def once_each(pairs: Column) -> Column:
    """Credits with repeated ids removed, the first of each kept."""
    ids = pairs["id"]
    return F.filter(pairs, lambda pair, place: ~F.array_contains(F.slice(ids, F.lit(1), place), pair["id"]))


def has_placeholder(names: Column, placeholders: Sequence[str]) -> Column:
    """True where one of the delivered names stands for "no artist"; never null."""
    return F.exists(_or_empty(names), lambda name: _is_placeholder(tidy(name), placeholders))


def is_bad_list(cell: Column, parsed: Column) -> Column:
    """True where a cell holds something that is not the list it should be."""
    return ~is_blank(cell) & parsed.isNull()


def unknown_references(raw_tracks: DataFrame, artists: DataFrame, *, dialects: Mapping[str, str]) -> DataFrame:
    """Which cells of artist ids name an artist that the artists file does not have.

    Args:
        raw_tracks: Tracks as delivered ``[layout, artist_ids]``.
        artists: One row per known artist, key ``artist_id``.
        dialects: Layout to way of writing lists.

    Returns:
        One row per cell with an unknown id ``[layout, artist_ids]``; it is worked out on the distinct cells.
    """
    from spark_app.curate.vectorised import parse_lists

    cells = raw_tracks.select(LAYOUT, ARTIST_IDS).where(F.col(ARTIST_IDS).isNotNull()).distinct()
    ids = cells.withColumn(PARSED_IDS, parse_lists(F.col(ARTIST_IDS), dialect_of(F.col(LAYOUT), dialects)))
    each = ids.select(LAYOUT, ARTIST_IDS, F.explode(F.transform(PARSED_IDS, bare_id)).alias(ARTIST_ID))
    unknown = each.dropna(subset=[ARTIST_ID]).join(artists.select(ARTIST_ID), on=ARTIST_ID, how="left_anti")
    return unknown.select(LAYOUT, ARTIST_IDS).distinct()


def track_artists(tracks: DataFrame) -> DataFrame:
    """One row per track and credited artist, key ``[track_id, artist_id]``.

    Args:
        tracks: One row per track ``[track_id, artist_ids]``, each artist once in ``artist_ids``.

    Returns:
        ``[track_id, artist_id, position]``, ``position`` counts from 1. Tracks without artists have no row.
    """
    exploded = tracks.select(TRACK_ID, F.posexplode(ARTIST_IDS).alias("position", ARTIST_ID))
    return exploded.withColumn("position", F.col("position") + 1)


def artist_columns() -> dict[str, Column]:
    """``artist_ids`` and ``artist_names`` out of the credits; null where there are none."""
    some = F.size(CREDITS) > 0
    return {
        ARTIST_IDS: F.when(some, F.col(CREDITS)["id"]),
        ARTIST_NAMES: F.when(some, F.col(CREDITS)["name"]),
    }


def _is_placeholder(name: Column, placeholders: Sequence[str]) -> Column:
    return F.coalesce(name.isin(list(placeholders)), F.lit(False))


def _or_empty(items: Column) -> Column:
    return F.coalesce(items, F.array().cast("array<string>"))
