"""Find the files behind a path, folder or glob, and read them unsplit, one file per partition."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import unquote, urlsplit

from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_app.columns import FILE, LINE
from spark_app.errors import DataError, UsageError
from spark_app.sources.slices import CLOSING
from spark_app.spark_conf import conf_set

Form = Literal["csv", "jsonl", "parquet", "slices"]

_FORMS: dict[str, Form] = {
    ".csv": "csv",
    ".json": "jsonl",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
_PIB = str(1 << 50)
# With these a file is never split (a record begins where the one before it ends, so only a whole file can be read),
# never shares a partition, and reaches Python in pieces of a bounded size. No reader option exists for them.
_UNSPLIT = {
    "spark.sql.files.maxPartitionBytes": _PIB,
    "spark.sql.files.openCostInBytes": _PIB,
    "spark.sql.files.maxPartitionNum": str(2**31 - 1),
    "spark.sql.execution.arrow.maxRecordsPerBatch": "2000",
}
# Root causes of a damaged file, in messages of Hadoop, Java and Parquet.
_DAMAGE = re.compile(
    r"EOFException|Unexpected end of|ZipException|incorrect header check|not in gzip format|not a gzip file"
    r"|ChecksumException|is not a Parquet file|[Cc]ould not read (?:footer|page)|CANNOT_READ_FILE_FOOTER"
    r"|ParquetDecodingException|CorruptedFile|corrupted file|SnappyError"
    r"|invalid (?:block type|stored block|distance|code lengths|bit length)"
)
READ_THE_REST = "No table was changed. Fetch the file again, or read what is whole: --set sources.allow_partial=true"
_PLACE = re.compile(r"\b(?:file|hdfs|gs|s3a?|abfss?):/[^\s\"'`,;]+")


class DamagedFileError(DataError):
    """A file that ends too early or cannot be decoded."""


class NoRowsError(DataError):
    """A source, or a file of it, without a single record."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(
            f"no rows: {path}: {why}",
            "No table was changed. Check sources.tracks, sources.artists and sources.playlists; an empty source is "
            "accepted with --set sources.allow_empty=true.",
        )


@dataclass(frozen=True)
class Source:
    """The files behind one setting.

    Attributes:
        path: As the user wrote it.
        form: The one format of all files; ``slices`` are JSON documents of playlists.
        base: Decoded folder (without scheme) below which the names are relative.
        prefix: Put before the names, so that two sources of one run never share a name.
        files: Names, sorted.
    """

    path: str
    form: Form
    base: str
    prefix: str
    files: tuple[str, ...]


def find_files(spark: SparkSession, path: str, *, beside: Source | None = None) -> Source:
    """The files of a path, folder (with everything below it) or glob.

    Args:
        spark: Lists them, so that any file system Spark knows will do.
        path: Local (relative to the working directory) or a URI.
        beside: Another source of the same run; where it lies in another folder, names begin with the folder's name.

    Raises:
        DataError: No such path.
        NoRowsError: No file below it.
        UsageError: A file of a type that is not read, or files of several types.
    """
    try:
        # Lists only; nothing is read. Names of hidden files (_SUCCESS, .crc) are left out by Spark.
        uris = spark.read.option("recursiveFileLookup", True).text(path).inputFiles()
    except AnalysisException as error:
        if "PATH_NOT_FOUND" not in str(error):
            raise
        raise DataError(
            f"no rows: there is no {path}", "Check sources.tracks, sources.artists and sources.playlists."
        ) from None
    if not uris:
        raise NoRowsError(path, "the folder holds no file")
    places = sorted(_place(uri) for uri in uris)
    base = _base(path, places)
    prefix = "" if beside is None or beside.base == base else f"{os.path.basename(base)}/"
    names = tuple(prefix + place.removeprefix(base).lstrip("/") for place in places)
    clash = sorted(set(names) & set(beside.files if beside else ()))
    if clash:
        raise UsageError(
            f"{clash[0]} belongs to both {beside and beside.path} and {path}", "Name two separate sources."
        )
    return Source(path, _one_form(names), base, prefix, names)


def as_playlists(source: Source) -> Source:
    """The same files, read as slices of playlists where they end in ``.json`` and not in ``.jsonl``."""
    is_slices = all(re.search(r"\.json(\.gz)?$", name.lower()) for name in source.files)
    return replace(source, form="slices") if is_slices else source


def _place(uri: str) -> str:
    """Bucket and path of a file's URI, decoded; Spark percent-encodes what it lists."""
    parts = urlsplit(uri)
    return unquote(parts.netloc + parts.path)


def _base(path: str, places: list[str]) -> str:
    parts = urlsplit(path)
    full = (
        (parts.netloc + parts.path)
        if "://" in path
        else os.path.abspath(parts.path if parts.scheme == "file" else path)
    )
    fixed = re.split(r"[*?\[{]", full, maxsplit=1)[0]
    folder = fixed.rstrip("/") if fixed == full else fixed.rpartition("/")[0]
    if folder in places:
        folder = folder.rpartition("/")[0]
    if all(place.startswith(f"{folder}/") for place in places):
        return folder
    # A relative path on a cluster's own file system: only the listing knows where it begins.
    return os.path.commonpath([place.rpartition("/")[0] for place in places])


def _one_form(names: tuple[str, ...]) -> Form:
    forms: dict[Form, str] = {}
    for name in names:
        forms.setdefault(_form(name), name)
    if len(forms) > 1:
        raise UsageError(
            f"the files are of several types: {', '.join(forms.values())}",
            "Name those of one type, as by folder/*.csv.",
        )
    return next(iter(forms))


def _form(name: str) -> Form:
    stem = name.lower().removesuffix(".gz")
    form = _FORMS.get(os.path.splitext(stem)[1])
    if form is None or (form == "parquet" and stem != name.lower()):
        raise UsageError(
            f"{name} is of a type that is not read",
            "Types: .csv, .jsonl or .json (one object a line), also as .gz, and .parquet; or name a glob as *.csv.",
        )
    return form


def whole_files(spark: SparkSession) -> AbstractContextManager[None]:
    """While it lasts, actions read every file unsplit; the session's settings come back afterwards."""
    return conf_set(spark, _UNSPLIT)


def file_name(source: Source) -> Column:
    """The relative name of the file that a row of Spark's reader comes from."""
    encoded = F.replace(F.col("_metadata.file_path"), F.lit("+"), F.lit("%2B"))  # url_decode reads + as a blank
    decoded = F.url_decode(encoded)
    start = F.locate(f"{source.base}/", decoded) + F.lit(len(source.base) + 1)
    return F.concat(F.lit(source.prefix), decoded.substr(start, F.length(decoded)))


def raw_lines(spark: SparkSession, source: Source, *, max_bytes: int, skip_damaged: bool = False) -> DataFrame:
    """Physical lines of text files, as bytes; of slices, pieces. Evaluate it inside :func:`whole_files`.

    Returns:
        One row per line, in order inside its file ``[file, line (null: not numbered yet), value (binary)]``. A line is
        what stands between two line feeds, a piece what stands between two closing braces; of one that is longer than
        ``max_bytes`` only so much is kept as shows it.
    """
    reader = spark.read.option("recursiveFileLookup", True).option("ignoreCorruptFiles", skip_damaged)
    data = F.col("value").cast("binary")
    cut = F.when(F.length(data) > max_bytes, F.substring(data, 1, max_bytes + 1)).otherwise(data)
    split = F.raise_error(F.lit("a file was split; its lines cannot be numbered"))
    ends = CLOSING if source.form == "slices" else "\n"
    return reader.text(source.path, lineSep=ends).select(
        file_name(source).alias(FILE),
        F.lit(None).cast("bigint").alias(LINE),
        F.when(F.col("_metadata.file_block_start") > 0, split).otherwise(cut).alias("value"),
    )


@contextmanager
def damage_named(path: str) -> Iterator[None]:
    """Turn Spark's failure over a damaged file into one error that names the file.

    Raises:
        DamagedFileError: A file ends too early or cannot be decoded.
    """
    try:
        yield
    except Exception as error:
        text = str(error)
        # A worker that was killed ends in an EOFException too.
        if not _DAMAGE.search(text) or "Python worker exited" in text:
            raise
        found = _PLACE.search(text)
        place = unquote(urlsplit(found.group(0).rstrip(".")).path) if found else path
        raise DamagedFileError(
            f"{place} is damaged: it ends too early or cannot be decoded",
            READ_THE_REST,
        ) from None
