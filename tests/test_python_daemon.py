"""The process that local Spark forks its Python workers from."""

from __future__ import annotations

import sys

import pyspark


def test_workers_have_no_archive_of_spark_on_their_path_and_the_same_pyspark(spark):
    def told(batches):
        import pandas as pd

        for _ in batches:
            yield pd.DataFrame({"path": [*sys.path, f"{pyspark.__file__} {pyspark.__version__}"]})

    *path, found = [row.path for row in spark.range(0, 1, 1, 1).mapInPandas(told, "path string").collect()]
    assert not [entry for entry in path if entry.endswith((".zip", ".jar")) and "pyspark" in entry]
    assert found == f"{pyspark.__file__} {pyspark.__version__}"
