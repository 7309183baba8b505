"""A few hundred tracks with awkward features, and the counts of them."""

from __future__ import annotations

import numpy as np

from spark_app.explore.counting import Plan, count_cells, with_flags
from spark_app.explore.grid import make_grid
from spark_app.features.moments import fit_moments

FEATURES = ("tempo", "energy", "mode", "key")
MEMBERS = "track_id string, genre_group string"


def rows(n=400):
    """(track_id, tempo, energy, mode, key): skewed, tied and correlated with tempo, constant, without any value."""
    rng = np.random.default_rng(6)
    tempo = np.exp(rng.normal(4.7, 0.3, n))
    energy = np.round(0.004 * tempo + rng.normal(0, 0.2, n), 1)
    found = [(f"t{i:03}", float(tempo[i]), float(energy[i]), 1.0, None) for i in range(n)]
    found[7] = ("t007", None, 0.5, 1.0, None)
    found[8] = ("t008", 120.0, None, 1.0, None)
    return found


def members(n=400):
    """(track_id, genre_group): every second track is rock, every third jazz, the rest is in no group."""
    return [(f"t{i:03}", group) for i in range(n) for step, group in ((2, "rock"), (3, "jazz")) if i % step == 0]


def frames(spark):
    """The tracks, their members, and the plan; all values are marks of the grid."""
    tracks = spark.createDataFrame(rows(), f"track_id string, {', '.join(f'{name} double' for name in FEATURES)}")
    groups = spark.createDataFrame(members(), MEMBERS)
    joined = groups.join(tracks, on="track_id", how="inner")
    moments = fit_moments(tracks, columns=FEATURES) | fit_moments(joined, columns=FEATURES, group="genre_group")
    sample = tracks.toPandas()  # 400 rows
    grids = [
        make_grid(sample[name].to_numpy(float), low=m.minimum, high=m.maximum, points=4_096, bins=12)
        for name, m in zip(FEATURES, moments["all"], strict=True)
    ]
    return tracks, groups, Plan.of(FEATURES, grids, moments)


def counted(tracks, groups, plan):
    """The cells."""
    flagged = with_flags(tracks, groups, features=plan.features, groups=plan.groups)
    return count_cells(flagged.drop("track_id"), plan=plan)
