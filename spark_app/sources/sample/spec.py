"""What the sample catalogue plants: genre groups, features, copies, popularity. Every number is invented.

Tests hold the generated rows against these constants; later issues may treat them as the truth.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from spark_app.columns import (
    ACOUSTICNESS,
    DANCEABILITY,
    DURATION_MS,
    ENERGY,
    INSTRUMENTALNESS,
    LIVENESS,
    LOUDNESS,
    SPEECHINESS,
    TEMPO,
    VALENCE,
)

SAMPLE_SOURCE = "sample"
ROWS_PER_FILE = 1_000_000
FIRST_YEAR, LAST_YEAR = 1955, 2024


@dataclass(frozen=True)
class Group:
    """A genre group and what it sounds like.

    Attributes:
        name: One of the 15 groups of ``contracts.md``.
        slots: Artists of this group among each 200 consecutive ones; half of it is its share in per cent.
        genres: Raw genres, the common ones first. Each holds a word of its own group and of no other.
        medians: Planted medians of danceability, energy, loudness (dB), speechiness, acousticness,
            instrumentalness, liveness, valence, tempo (bpm), duration (s): the order of ``SHAPED``.
        p_major: Probability of a major key.
        p_explicit: Probability of explicit lyrics.
    """

    name: str
    slots: int
    genres: str
    medians: tuple[float, ...]
    p_major: float
    p_explicit: float


SHAPED = (
    DANCEABILITY,
    ENERGY,
    LOUDNESS,
    SPEECHINESS,
    ACOUSTICNESS,
    INSTRUMENTALNESS,
    LIVENESS,
    VALENCE,
    TEMPO,
    DURATION_MS,
)

# fmt: off
GROUPS = (
    Group("rock", 38, "rock|classic rock|indie rock|alternative rock|hard rock|garage rock|art-rock|psychedelic rock",
          (0.49, 0.76, -7.0, 0.045, 0.09, 0.020, 0.16, 0.50, 124, 232), 0.72, 0.08),
    Group("hip hop", 24, "hip hop|rap|southern hip hop|conscious hip hop|underground rap|hip-hop|melodic rap",
          (0.77, 0.64, -6.8, 0.210, 0.14, 0.001, 0.15, 0.50, 118, 208), 0.55, 0.60),
    Group("pop", 32, "pop|indie pop|art pop|k-pop|power pop|teen pop|chamber pop|bedroom pop",
          (0.64, 0.66, -6.0, 0.055, 0.19, 0.001, 0.13, 0.54, 117, 206), 0.66, 0.12),
    Group("jazz", 10, "jazz|cool jazz|vocal jazz|free jazz|smooth jazz|contemporary jazz",
          (0.53, 0.32, -14.0, 0.042, 0.74, 0.150, 0.13, 0.46, 111, 282), 0.56, 0.01),
    Group("blues", 4, "blues|electric blues|delta blues|modern blues|acoustic blues",
          (0.55, 0.47, -10.5, 0.044, 0.50, 0.020, 0.16, 0.62, 115, 222), 0.76, 0.02),
    Group("country", 10, "country|classic country|outlaw country|contemporary country|red dirt country",
          (0.57, 0.63, -6.9, 0.033, 0.22, 0.001, 0.14, 0.57, 127, 205), 0.90, 0.02),
    Group("metal", 12, "metal|heavy metal|death metal|black metal|power metal|doom metal",
          (0.40, 0.93, -5.2, 0.080, 0.01, 0.090, 0.19, 0.31, 126, 272), 0.58, 0.16),
    Group("reggae", 5, "reggae|roots reggae|modern reggae|uk reggae",
          (0.76, 0.58, -8.0, 0.090, 0.14, 0.004, 0.14, 0.73, 110, 226), 0.62, 0.07),
    Group("folk", 10, "folk|indie folk|contemporary folk|traditional folk|chamber folk",
          (0.50, 0.33, -12.3, 0.036, 0.76, 0.020, 0.12, 0.38, 116, 218), 0.80, 0.03),
    Group("soul", 10, "soul|r&b|neo-soul|classic soul|contemporary r&b|northern soul",
          (0.65, 0.52, -8.2, 0.058, 0.36, 0.002, 0.13, 0.56, 108, 225), 0.55, 0.15),
    Group("edm", 16, "edm|progressive edm|melodic edm|festival edm",
          (0.63, 0.84, -5.2, 0.065, 0.04, 0.160, 0.18, 0.38, 128, 212), 0.52, 0.06),
    Group("dance", 6, "dance|alternative dance|vocal dance|club dance",
          (0.73, 0.80, -5.8, 0.055, 0.07, 0.030, 0.16, 0.62, 123, 214), 0.54, 0.05),
    Group("latin", 14, "latin|tropical latin|latin alternative|urbano latin",
          (0.71, 0.70, -6.2, 0.075, 0.24, 0.001, 0.15, 0.70, 107, 216), 0.60, 0.14),
    Group("funk", 3, "funk|deep funk|p funk|modern funk",
          (0.74, 0.68, -8.6, 0.060, 0.16, 0.010, 0.13, 0.76, 112, 238), 0.58, 0.06),
    Group("other", 6, "classical|opera|soundtrack|spoken word|baroque|choral",
          (0.34, 0.17, -20.0, 0.042, 0.90, 0.500, 0.12, 0.20, 104, 244), 0.66, 0.01),
)
# fmt: on
GROUP_NAMES = tuple(group.name for group in GROUPS)


@dataclass(frozen=True)
class Feature:
    """How a feature varies around the median of its group.

    ``z = sum(loading x latent) + rest x noise`` has variance 1; a share-like value is
    ``logistic(logit(median) + scale z)``, a ``linear`` one ``median + scale z`` and a ``log`` one
    ``median x exp(scale z)``. All three leave the median where it is.

    Attributes:
        kind: ``share``, ``linear`` or ``log``.
        scale: Standard deviation in logits, in the unit of the feature, or in natural logarithms.
        loadings: Weight of each latent factor of ``LATENTS``.
        bounds: Values beyond are set to the nearest bound.
        digits: Decimal places that are delivered.
        jitter: Largest difference between a twin and its original.
    """

    kind: str
    scale: float
    loadings: dict[str, float]
    bounds: tuple[float, float] = (0.0, 1.0)
    digits: int = 4
    jitter: float = 0.002

    @property
    def rest(self) -> float:
        """Weight of the feature's own noise."""
        return float((1 - sum(weight**2 for weight in self.loadings.values())) ** 0.5)


LATENTS = ("intensity", "mood", "groove")
ARTIST_SHARE = 0.4  # of a latent's variance lies between artists, the rest between the tracks of one artist

FEATURES: dict[str, Feature] = {
    DANCEABILITY: Feature("share", 0.55, {"groove": 0.75, "mood": 0.35}),
    ENERGY: Feature("share", 0.80, {"intensity": 0.88, "mood": 0.15}),
    LOUDNESS: Feature("linear", 2.4, {"intensity": 0.75}, bounds=(-50.0, 2.0), digits=3, jitter=0.05),
    SPEECHINESS: Feature("share", 0.55, {"groove": 0.30}),
    ACOUSTICNESS: Feature("share", 1.50, {"intensity": -0.70}),
    INSTRUMENTALNESS: Feature("share", 2.40, {"mood": -0.35}),
    LIVENESS: Feature("share", 0.60, {"intensity": 0.25}),
    VALENCE: Feature("share", 0.90, {"mood": 0.85, "groove": 0.25}),
    TEMPO: Feature("linear", 22.0, {"intensity": 0.25}, bounds=(48.0, 215.0), digits=3, jitter=0.05),
    DURATION_MS: Feature("log", 0.22, {"mood": -0.15}, bounds=(62_000, 900_000), digits=0, jitter=300),
}
KEY_WEIGHTS = (12, 9, 10, 4, 7, 8, 6, 12, 6, 10, 7, 9)  # C, C sharp, ... B
TIME_SIGNATURES = {"4": 93, "3": 5, "5": 2}

# Copies of an anchor: another id, the same first artist and the same title once brackets and tails are gone.
COPY_SHARE = 0.05  # of the rows that are neither anchors nor dirty
EXACT_TWIN_SHARE = 0.5  # of the twins have exactly the features of their original
LOWER_CASE_SHARE = 0.2  # of the copies have their title in lower case
TWIN = ""  # the mark of a plain re-issue


@dataclass(frozen=True)
class Mark:
    """A kind of copy.

    Attributes:
        weight: Share among copies, in per cent.
        tails: What follows the title, all equally likely; ``{year}`` and ``{place}`` are filled in.
        shifts: Feature -> (factor, offset), applied to the value of the original.
        years: Years after the original, at most.
    """

    weight: int
    tails: str
    shifts: dict[str, tuple[float, float]] = field(default_factory=dict)
    years: int = 3


MARKS: dict[str, Mark] = {
    TWIN: Mark(40, "|!| (feat. {place})"),
    "live": Mark(
        16,
        " - Live| (Live)| - Live at {place}| (Live at {place})",
        {LIVENESS: (0.35, 0.6), ENERGY: (0.8, 0.18), LOUDNESS: (1.0, -1.5), DURATION_MS: (1.12, 0)},
        years=12,
    ),
    "remaster": Mark(
        16,
        " - Remastered {year}| - {year} Remaster| (Remastered)",
        {LOUDNESS: (1.0, 1.8), ENERGY: (0.95, 0.04)},
        years=40,
    ),
    "acoustic": Mark(
        9, " - Acoustic| (Acoustic)", {ACOUSTICNESS: (0.25, 0.7), ENERGY: (0.55, 0), LOUDNESS: (1.0, -4.0)}, years=8
    ),
    "sped up": Mark(7, " - Sped Up| (Sped Up)", {TEMPO: (1.25, 0), DURATION_MS: (0.8, 0)}),
    "slowed": Mark(4, " - Slowed| (Slowed)", {TEMPO: (0.85, 0), DURATION_MS: (1.18, 0)}),
    "radio edit": Mark(5, " - Radio Edit| (Radio Edit)", {DURATION_MS: (0.78, 0)}),
    "instrumental": Mark(
        3, " - Instrumental| (Instrumental)", {INSTRUMENTALNESS: (0.1, 0.85), SPEECHINESS: (0.6, 0.01)}
    ),
}

# popularity = sum of coefficient x factor + noise, rounded and kept within [0, 100].
POPULARITY = {
    "constant": 4.0,
    "artist_popularity": 0.5,
    "recency": 20.0,
    ENERGY: 8.0,
    DANCEABILITY: 6.0,
    ACOUSTICNESS: -4.0,
}
POPULARITY_NOISE = 7.0  # standard deviation
ARTIST_POPULARITY = (45.0, 14.0)  # mean and standard deviation, kept within [0, 100]
GUEST_SHARE, SECOND_GUEST_SHARE = 0.2, 0.25  # tracks with a guest; of those, with a second one
DATE_PRECISIONS = {"day": 85, "year": 12, "month": 3}
SECOND_GENRE_SHARE, THIRD_GENRE_SHARE = 0.6, 0.25  # an artist's third genre comes from any group
TAIL_GENRE_SHARE = 0.15  # of raw genres are regional ones of the long tail
