"""The Spark session. Under ``spark-submit`` and on Glue the runner configures it; started from a plain Python
process, the settings of ``conf/spark/common.conf`` and ``local.conf`` and the cached Delta jars are used.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyspark
from pyspark.sql import SparkSession

from spark_app.errors import DependencyError
from spark_app.settings import conf_folder

_JAVA_OPTIONS = "spark.driver.extraJavaOptions"
_SHUFFLE_PARTITIONS = "spark.sql.shuffle.partitions"
_N_S3_JARS = 2  # Hadoop's own and Amazon's, on each Spark line


def spark_line(version: str = pyspark.__version__) -> str:
    """Name of the Spark line, as the cached jars and the lock files use it.

    >>> spark_line("4.1.1"), spark_line("3.5.8")
    ('spark41', 'spark35')
    """
    major, minor, *_ = version.split(".")
    return f"spark{major}{minor}"


def start_session(app_name: str, overrides: dict[str, str] | None = None) -> SparkSession:
    """The running session, or a new one.

    Args:
        app_name: Shown in Spark's own UI.
        overrides: Spark settings for a plain Python process, above ``local.conf``; tests use it.

    Raises:
        DependencyError: No Java runtime, or the Delta jars are not in the cache.
    """
    builder = SparkSession.builder.appName(app_name)
    if _is_submitted():
        return builder.getOrCreate()
    _name_programs()
    conf = {**local_conf(), **(overrides or {})}
    for name, value in conf.items():
        builder = builder.config(name, value)
    try:
        with _silence():
            session = builder.getOrCreate()
    except pyspark.errors.PySparkRuntimeError as error:
        if error.getErrorClass() != "JAVA_GATEWAY_EXITED":
            raise
        raise DependencyError("Java did not start", "Run scripts/submit.sh, which finds or fetches Java.") from None
    if _SHUFFLE_PARTITIONS not in conf:
        # Spark's 200 would spend the time of small tables on empty tasks.
        session.conf.set(_SHUFFLE_PARTITIONS, session.sparkContext.defaultParallelism)
    return session


def local_conf() -> dict[str, str]:
    """Spark settings for one machine: ``common.conf``, then ``local.conf``, then the cached jars."""
    folder = conf_folder() / "spark"
    conf = {**read_properties(folder / "common.conf"), **read_properties(folder / "local.conf")}
    logging = Path(str(folder / "log4j2.properties")).resolve().as_uri()
    return {
        **conf,
        "spark.jars": ",".join(str(jar) for jar in delta_jars()),
        # Files are opened before spark.jars is looked at, which would copy the 640 MB for S3 into each run's scratch.
        "spark.driver.extraClassPath": os.pathsep.join(str(jar) for jar in (local_file_jar(), *s3_jars())),
        _JAVA_OPTIONS: f"{conf.get(_JAVA_OPTIONS, '')} -Dlog4j2.configurationFile={logging}".strip(),
    }


def read_properties(path: Path) -> dict[str, str]:
    """Settings of a Spark properties file: name and value separated by blanks, ``#`` starts a comment line."""
    lines = (line.strip() for line in path.read_text().splitlines())
    pairs = (line.split(None, 1) for line in lines if line and not line.startswith("#"))
    return {name: value.strip() for name, value in pairs}


def cache_folder() -> Path:
    """Where set-up keeps Java and jars: ``SPARK_APP_CACHE``, else ``.cache`` beside ``conf``."""
    return Path(os.environ.get("SPARK_APP_CACHE") or Path(str(conf_folder())).parent / ".cache")


def java_home() -> str:
    """The Java home that Spark will use: ``JAVA_HOME``, else the choice of set-up where it still holds; empty: Spark
    takes the Java of the path.
    """
    named = os.environ.get("JAVA_HOME")
    chosen = cache_folder() / "java-home"  # two lines: JAVA_HOME at the time, and the home that was chosen
    if named or not chosen.is_file():
        return named or ""
    home = "".join(chosen.read_text().splitlines()[-1:])
    return home if home and Path(home, "bin", "java").is_file() else ""


def delta_jars() -> list[Path]:
    """The Delta jars of this Spark line.

    Raises:
        DependencyError: They are not in the cache.
    """
    return _cached_jars("*delta*.jar", at_least=2, what="the Delta jars are")


def local_file_jar() -> Path:
    """The jar with the local file system that ``local.conf`` names.

    Raises:
        DependencyError: It is not in the cache.
    """
    return _cached_jars("*bare-naked-local-fs*.jar", at_least=1, what="the jar of the local file system is")[0]


def s3_jars() -> list[Path]:
    """The S3 jars of this Spark line; none where no run has named ``s3://`` yet."""
    return sorted(_s3_folder().glob("*.jar"))


def needed_s3_jars(places: Mapping[str, str]) -> list[Path]:
    """The S3 jars where a place lies on S3; none where no place does, or where ``spark-submit`` brings them.

    Args:
        places: Addresses by their setting.

    Raises:
        DependencyError: They are needed and not in the cache. Spark would fail at the first table, for want of a class.
    """
    on_s3 = [f"{setting}={place}" for setting, place in places.items() if place.startswith(("s3://", "s3a://"))]
    if not on_s3 or _is_submitted():
        return []
    jars = s3_jars()
    if len(jars) < _N_S3_JARS:
        raise DependencyError(
            f"{on_s3[0]} needs the S3 jars, which are not in {_s3_folder()}",
            f"Fetch them once (640 MB): scripts/submit.sh local doctor --set {shlex.quote(on_s3[0])}",
        )
    return jars


def _s3_folder() -> Path:
    return cache_folder() / "jars" / f"{spark_line()}-s3"


def _cached_jars(pattern: str, *, at_least: int, what: str) -> list[Path]:
    folder = cache_folder() / "jars" / spark_line()
    jars = sorted(folder.glob(pattern))
    if len(jars) < at_least:
        raise DependencyError(f"{what} not in {folder}", "Fetch them once: scripts/submit.sh local doctor")
    return jars


def _name_programs() -> None:
    """Let Spark start the Java that set-up has chosen, and workers with this Python, unless the user named others."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    home = java_home()
    if home:
        os.environ["JAVA_HOME"] = home


@contextmanager
def _silence() -> Iterator[None]:
    """Let the JVM and its Python workers, which inherit them, start with closed lips: their standard output and error
    go nowhere for good, since what they print can hold values of the data. This process keeps its own.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    nowhere, kept = os.open(os.devnull, os.O_WRONLY), (os.dup(1), os.dup(2))
    try:
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        yield
    finally:
        for number, own in zip((1, 2), kept, strict=True):
            os.dup2(own, number)
            os.close(own)
        os.close(nowhere)


def _is_submitted() -> bool:
    # spark-submit hands its gateway's port to the Python process that it starts.
    return "PYSPARK_GATEWAY_PORT" in os.environ
