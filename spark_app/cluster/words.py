"""What tells a cluster from its genre, in a few words."""

from __future__ import annotations

from collections.abc import Sequence

from spark_app.columns import (
    ACOUSTICNESS,
    AUDIO12,
    DANCEABILITY,
    DURATION_MS,
    ENERGY,
    INSTRUMENTALNESS,
    KEY,
    LIVENESS,
    LOUDNESS,
    MODE,
    SPEECHINESS,
    TEMPO,
    VALENCE,
)

# Below the genre's mean, above it.
_WORDS = {
    DANCEABILITY: ("less danceable", "more danceable"),
    ENERGY: ("calmer", "more energetic"),
    KEY: ("keys nearer C", "keys nearer B"),
    LOUDNESS: ("quieter", "louder"),
    MODE: ("more in minor", "more in major"),
    SPEECHINESS: ("less spoken", "more spoken"),
    ACOUSTICNESS: ("less acoustic", "more acoustic"),
    INSTRUMENTALNESS: ("less instrumental", "more instrumental"),
    LIVENESS: ("less live", "more live"),
    VALENCE: ("sadder", "happier"),
    TEMPO: ("slower", "faster"),
    DURATION_MS: ("shorter", "longer"),
}
_MOST = 3  # features named
_TELLING = 0.5  # standard deviations of the genre


def in_words(profile: Sequence[float]) -> str:
    """At most three features, the most telling first, each from half a standard deviation of the genre on.

    >>> in_words([0, -0.6, 0, 0, 0, 0, 1.44, 0, 0, 0, -0.9, 0.4])
    'more acoustic (+1.4 sd), slower (−0.9 sd), calmer (−0.6 sd)'
    >>> in_words([0.0] * 12)
    'like the genre as a whole'

    Args:
        profile: The centre's deviations from the genre's mean in its standard deviations, in the order of ``AUDIO12``.
    """
    told = sorted(zip(profile, AUDIO12, strict=True), key=lambda one: -abs(one[0]))[:_MOST]
    words = [f"{_WORDS[name][value > 0]} ({_signed(value)} sd)" for value, name in told if abs(value) >= _TELLING]
    return ", ".join(words) or "like the genre as a whole"


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")
