"""What a genre classifier is to predict, and for which tracks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_app.columns import ARTIST_ID, ARTIST_IDS, FOLD, GENRE, GENRE_GROUP, TRACK_ID, UNKNOWN
from spark_app.errors import DataError
from spark_app.features.components import UNIT
from spark_app.features.splits import IS_HELD_TRAIN

LABEL = "label"
TRAINING_ALLOWED = "training_allowed"
TARGET_GENRE = "genre"
TARGET_GROUP = "group"

# A forest keeps one count per label, bin and node: beyond this, memory goes and nothing is learned.
MAX_LABELS = 256


@dataclass(frozen=True)
class Supply:
    """What the curated tracks offer for training.

    Attributes:
        n_tracks: All tracks.
        n_refused: Tracks whose source forbids training.
        n_genre: Other tracks that carry a genre of their own.
        n_group: Other tracks that have a genre group besides ``unknown``.
        n_genres: Distinct own genres among them.
    """

    n_tracks: int
    n_refused: int
    n_genre: int
    n_group: int
    n_genres: int


def supply(tracks: DataFrame) -> DataFrame:
    """One row with the fields of :class:`Supply`."""
    refused = ~_is_allowed()
    own = F.when(~refused, F.col(GENRE))
    has_group = F.col(GENRE_GROUP).isNotNull() & (F.col(GENRE_GROUP) != UNKNOWN)
    return tracks.agg(
        F.count(F.lit(1)).alias("n_tracks"),
        F.count_if(refused).alias("n_refused"),
        F.count(own).alias("n_genre"),
        F.count_if(has_group & ~refused).alias("n_group"),
        F.count_distinct(own).alias("n_genres"),
    )


def choose_target(asked: str, found: Supply) -> str:
    """``genre`` or ``group``.

    ``auto`` takes ``genre`` where the tracks themselves carry genres, unless there are more than 256 of them.

    Raises:
        DataError: ``genre`` was asked for by name, and there are more than 256 of them.
    """
    if asked == TARGET_GENRE and found.n_genres > MAX_LABELS:
        raise DataError(
            f"{found.n_genres:,} genres are too many to tell apart (at most {MAX_LABELS})",
            "Predict the groups instead: --set classify.target=group",
        )
    if asked != "auto":
        return asked
    return TARGET_GENRE if 0 < found.n_genres <= MAX_LABELS else TARGET_GROUP


def labelled(tracks: DataFrame, splits: DataFrame, *, target: str, features: Sequence[str]) -> DataFrame:
    """The tracks that have a label and whose source allows training, with their fold.

    Args:
        tracks: One row per track, key ``track_id``
            ``[artist_ids, genre, genre_group, training_allowed, *features]``.
        splits: One row per track, key ``track_id`` ``[unit, fold, is_held_train]``, of ``splits.of_kind``.
        target: ``genre`` (the track's own genre) or ``group`` (its group, without ``unknown``).
        features: Columns to keep.

    Returns:
        One row per track, key ``track_id`` ``[track_id, artist_id, label, unit, fold, is_held_train,
        *features]``; ``artist_id`` is the first credited artist, ``is_held_train`` is null for a track that the
        splits do not know.
    """
    group = F.when(F.col(GENRE_GROUP) != UNKNOWN, F.col(GENRE_GROUP))
    label = F.col(GENRE) if target == TARGET_GENRE else group
    chosen = tracks.where(_is_allowed()).select(
        TRACK_ID, F.get(ARTIST_IDS, F.lit(0)).alias(ARTIST_ID), label.alias(LABEL), *features
    )
    folds = splits.select(TRACK_ID, UNIT, FOLD, IS_HELD_TRAIN)
    known = chosen.where(F.col(LABEL).isNotNull()).join(folds, on=TRACK_ID, how="left")
    return known.select(TRACK_ID, ARTIST_ID, LABEL, UNIT, FOLD, IS_HELD_TRAIN, *features)


def _is_allowed() -> Column:
    # Unknown terms count as forbidden.
    return F.coalesce(TRAINING_ALLOWED, F.lit(False))
