"""Why a track is recommended, in a few words that the two tracks' features support."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_app.columns import (
    ACOUSTICNESS,
    DANCEABILITY,
    ENERGY,
    INSTRUMENTALNESS,
    LIVENESS,
    LOUDNESS,
    SPEECHINESS,
    TEMPO,
    VALENCE,
)

# What a listener hears. Tempo is told in numbers; key, mode and duration say little about likeness.
HEARD = (ENERGY, DANCEABILITY, VALENCE, ACOUSTICNESS, INSTRUMENTALNESS, SPEECHINESS, LIVENESS, LOUDNESS)
CLOSE = 0.5  # standard deviations


def described_features() -> Column:
    """What reasons need of a row of ``features.audio``: a struct of ``tempo`` (bpm) and ``z`` in the order of HEARD."""
    return F.struct(F.col(TEMPO).alias("tempo"), F.array(*[f"{name}_z" for name in HEARD]).alias("z"))


def reason(seed: Column, other: Column, *, same_artist: Column, same_cluster: Column) -> Column:
    """Text such as ``tempo 128 vs 126, energy close, both high valence, same cluster``.

    Args:
        seed: Struct of ``described_features`` of the track that was asked for, tempo and z not null.
        other: Likewise of the recommended track; its tempo stands second.
        same_artist: True where both have the same first artist.
        same_cluster: True where both are in one cluster.

    Returns:
        Tempos in whole beats per minute; then at most two features; then what the tracks share. A feature is *close*
        within half a standard deviation. Close features are told by how far both lie from the catalogue's mean,
        |z_seed + z_other| / 2 - |z_seed - z_other|, ties by name: from 1 up as ``both high energy`` or
        ``both low energy``, else as ``energy close``. Where no feature is close, the least different one is named.
    """
    told = F.sort_array(_compared(seed, other))
    first, second = told[0], told[1]
    close = F.when(first["is_far"], F.concat(F.lit("nearest in "), first["name"])).otherwise(first["words"])
    further = F.when(~second["is_far"], second["words"])
    tempo = F.format_string("tempo %.0f vs %.0f", seed["tempo"], other["tempo"])
    artist, cluster = F.when(same_artist, F.lit("same artist")), F.when(same_cluster, F.lit("same cluster"))
    return F.concat_ws(", ", tempo, close, further, artist, cluster)


def _compared(seed: Column, other: Column) -> Column:
    """Per heard feature a struct ``(is_far, order, name, words)``: close ones first, the most telling one leading;
    then the others, the least different one leading.
    """
    features = []
    for position, name in enumerate(HEARD):
        z_seed, z_other = seed["z"][position], other["z"][position]
        level, gap = (z_seed + z_other) / 2, F.abs(z_seed - z_other)
        telling, is_far = gap - F.abs(level), gap > CLOSE
        features.append(
            F.struct(
                is_far.alias("is_far"),
                F.when(is_far, gap).otherwise(telling).alias("order"),
                F.lit(name).alias("name"),
                _in_words(name, level, telling).alias("words"),
            )
        )
    return F.array(*features)


def _in_words(name: str, level: Column, telling: Column) -> Column:
    is_special = telling <= -1
    return (
        F.when(is_special & (level > 0), F.lit(f"both high {name}"))
        .when(is_special, F.lit(f"both low {name}"))
        .otherwise(F.lit(f"{name} close"))
    )
