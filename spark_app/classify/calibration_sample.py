"""The validation rows that calibration maps are fitted on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from spark_app.classify.calibration_maps import CROSS_FITS
from spark_app.columns import TRACK_ID
from spark_app.features.components import UNIT
from spark_app.features.samples import hashed_sample

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from pyspark.sql import Column, DataFrame

_MOST_ROWS = 200_000
_MOST_CELLS = 10_000_000  # probabilities that come to the driver: 80 MB


def calibration_sample(
    rows: DataFrame, *, probability: Column, truth: Column, seed: int
) -> tuple[np.ndarray, pd.Series, np.ndarray]:
    """The first rows by the hash of their key, in an order that follows from the keys.

    Args:
        rows: One row per track, key ``track_id`` ``[track_id, unit]``.
        probability: ``array<double>``, one per label, the same length in every row.
        truth: What the row really is; rows where it is null are left out.
        seed: Of the hashes.

    Returns:
        Probabilities ``(n, n_labels)`` of at most 200,000 rows, fewer with more than 50 labels; the truth of each; and
        which of five parts it belongs to, the same for all rows of a unit. ``(0, 1)`` without a row.
    """
    import numpy as np
    import pandas as pd

    # Not the hash of the folds: within one fold that would give a single part.
    part = F.pmod(F.xxhash64(F.lit("calibration"), UNIT, F.lit(seed).cast("long")), F.lit(CROSS_FITS)).cast("int")
    known = rows.where(truth.isNotNull()).select(
        TRACK_ID, part.alias("_part"), truth.alias("_truth"), probability.alias("_p")
    )
    first = known.select(F.size("_p").alias("n")).head()
    if first is None:
        return np.empty((0, 1)), pd.Series([], dtype=object), np.empty(0, int)
    most = min(_MOST_ROWS, max(1, _MOST_CELLS // first["n"]))
    sample: pd.DataFrame = hashed_sample(known, key=TRACK_ID, rows=most, seed=seed).toPandas()  # 80 MB
    return np.stack(sample["_p"].to_list()), sample["_truth"], sample["_part"].to_numpy()
