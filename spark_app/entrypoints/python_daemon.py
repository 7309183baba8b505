"""The process that local Spark forks its Python workers from: ``spark.python.daemon.module`` names it.

Spark puts ``pyspark.zip``, Py4J and a jar of its own on the workers' path, and refreshes the caches of imports before
every task. Up to Python 3.12 that reads the directories of all three anew (CPython issue 103200; SPARK-54744 mends it
from Spark 4.2 on): 0.06 s a task, a third of all that the workers of a small run do. Where pyspark is installed as a
package, its modules lie beside the archives, which can therefore be left out.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

_ARCHIVES = (".zip", ".jar")


def without_archives(path: Sequence[str]) -> list[str]:
    """The entries of an import path without the archives that lie inside an installed pyspark on the same path.

    >>> without_archives(["/jobs.zip", "/lib/pyspark/python/lib/pyspark.zip", "/lib/pyspark/jars/core.jar", "/lib"])
    ['/jobs.zip', '/lib']
    """
    installed = tuple(os.path.join(folder, "pyspark", "") for folder in path)
    return [entry for entry in path if not (entry.endswith(_ARCHIVES) and entry.startswith(installed))]


def main() -> None:
    """Shorten the path, then do what ``python -m pyspark.daemon`` does, until Spark ends it."""
    sys.path[:] = without_archives(sys.path)
    sys.path_importer_cache.clear()

    from pyspark.daemon import manager

    manager()


if __name__ == "__main__":
    main()
