"""Why a track is recommended, in a few words that the two tracks' features support."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spark_app.columns import (
    ACOUSTICNESS,
    AUDIO12,
    DANCEABILITY,
    ENERGY,
    INSTRUMENTALNESS,
    LIVENESS,
    LOUDNESS,
    SPEECHINESS,
    VALENCE,
)

if TYPE_CHECKING:
    import numpy as np

# What a listener hears. Tempo is told in numbers; key, mode and duration say little about likeness.
HEARD = (ENERGY, DANCEABILITY, VALENCE, ACOUSTICNESS, INSTRUMENTALNESS, SPEECHINESS, LIVENESS, LOUDNESS)
CLOSE = 0.5  # standard deviations

_NOT_TOLD, _LOW, _HIGH = 0, 1, 2
_WORDS = [(f"{name} close", f"both low {name}", f"both high {name}") for name in HEARD]


@dataclass(frozen=True)
class Heard:
    """Tracks as reasons tell of them.

    Attributes:
        tempo: Beats per minute ``(n,)``.
        z: z-scores in the order of AUDIO12 ``(n, 12)``.
    """

    tempo: np.ndarray
    z: np.ndarray


def reasons(seed: Heard, other: Heard, *, same_artist: np.ndarray, same_cluster: np.ndarray) -> np.ndarray:
    """Texts such as ``tempo 128 vs 126, energy close, both high valence, same cluster``.

    Args:
        seed: The tracks that were asked for, nothing null or NaN.
        other: Likewise the recommended ones, row by row; their tempo stands second.
        same_artist: True where both have the same first artist ``(n,)``.
        same_cluster: True where both are in one cluster ``(n,)``.

    Returns:
        Strings ``(n,)``. Tempos in whole beats per minute; then at most two features; then what the tracks share. A
        feature is *close* within half a standard deviation. Close features are told by how far both lie from the
        catalogue's mean, |z_seed + z_other| / 2 - |z_seed - z_other|, ties by name: from 1 up as ``both high energy``
        or ``both low energy``, else as ``energy close``. Where no feature is close, the least different one is named.
    """
    import numpy as np

    words, is_far, order = _compared(seed.z, other.z)
    rows = np.arange(len(words))
    first, second = order[:, 0], order[:, 1]
    nearest = np.array([f"nearest in {name}" for name in HEARD], dtype=object)
    told = np.where(is_far[rows, first], nearest[first], words[rows, first])
    more = np.where(is_far[rows, second], "", ", " + words[rows, second])
    artist = np.where(same_artist, ", same artist", "").astype(object)
    cluster = np.where(same_cluster, ", same cluster", "").astype(object)
    text: np.ndarray = "tempo " + _whole(seed.tempo) + " vs " + _whole(other.tempo) + ", " + told + more
    return text + artist + cluster


def _compared(seed: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Words for each heard feature, whether it is far, and their places in the order of telling, all ``(n, 8)``:
    close ones first, the most telling one leading; then the others, the least different one leading.
    """
    import numpy as np

    places = [AUDIO12.index(name) for name in HEARD]
    a, b = seed[:, places], other[:, places]
    level, gap = (a + b) / 2, np.abs(a - b)
    telling, is_far = gap - np.abs(level), gap > CLOSE
    by_name = np.broadcast_to(np.argsort(np.argsort(HEARD)), gap.shape)
    order = np.lexsort((by_name, np.where(is_far, gap, telling), is_far), axis=-1)
    kind = np.where(telling > -1, _NOT_TOLD, np.where(level > 0, _HIGH, _LOW))
    words = np.array(_WORDS, dtype=object)[np.arange(len(HEARD)), kind]
    return words, is_far, order


def _whole(tempo: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.rint(tempo).astype(np.int64).astype(str).astype(object)
