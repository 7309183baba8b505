"""Turn whatever ended a run into one of our errors, with the exit code of ``contracts.md``.

Messages of Spark and of libraries can echo values of the data, so they are matched against, never shown; ``--debug``
prints the traceback.
"""

from __future__ import annotations

import errno
import re
import traceback

from spark_app.errors import (
    DataError,
    DependencyError,
    LeaseHeldError,
    ResourceError,
    SparkAppError,
    UsageError,
)
from spark_app.similarity.index_files import REMEDY

_SAFE = "No table of this step was changed by half: each write is one commit."
_AGAIN = f"{_SAFE} Run again: spark-app retry"

# What a message contains, the error it stands for, what to say, what to do. The first that matches decides.
# Words of our own (group said), raised in a task and quoted in an error of Spark, are said as they are.
_PATTERNS: tuple[tuple[str, type[SparkAppError], str, str], ...] = (
    (r"DataError: (?P<said>the neighbour index cannot use [^\n]+)", DataError, "", f"{REMEDY}. {_SAFE}"),
    (r"No space left on device|Disk quota exceeded", ResourceError, "the disk is full", f"Free some space. {_AGAIN}"),
    (
        r"OutOfMemoryError|Java heap space|GC overhead limit",
        ResourceError,
        "memory ran out",
        f"Raise spark.driver.memory in conf/spark/local.conf. {_AGAIN}",
    ),
    (
        # Its cause is an EOFException, which would otherwise stand for a damaged file.
        r"Python worker exited",
        ResourceError,
        "a Python worker was killed, most likely because memory ran out",
        "Leave it more of the machine's memory: end other programs, or run fewer tasks at once, as by spark.master "
        f"local[1] in conf/spark/local.conf. {_AGAIN}",
    ),
    (
        r"ExpiredToken|token.{0,40}expired",
        DependencyError,
        "the credentials have expired",
        f"Renew them. {_AGAIN}",
    ),
    (
        r"AccessDenied|Access Denied|status code: 403|Permission denied",
        UsageError,
        "access was denied",
        f"Ask for the permission to read and write below tables.root. {_SAFE}",
    ),
    (
        r"Concurrent(Append|DeleteRead|DeleteDelete|Transaction|Write)|MetadataChanged|ProtocolChanged|DELTA_CONCURRENT"
        r"|CommitFailedError|Delta Lake table already exists",
        LeaseHeldError,
        "another run wrote the same table at the same time",
        f"Wait until it has ended. {_AGAIN}",
    ),
    (
        r"SlowDown|Service Unavailable|status code: 503|Connection refused|UnknownHost|Read timed out",
        DependencyError,
        "a service that this run depends on is away",
        _AGAIN,
    ),
    (
        r"PATH_NOT_FOUND|FILE_NOT_EXIST",
        DataError,
        "a file that the log of a table names is gone",
        f"Write that table again: spark-app pipeline. {_SAFE}",
    ),
    (
        r"EOFException|FAILED_READ_FILE|not a Parquet file|Unexpected end of input stream",
        DataError,
        "a file is damaged",
        f"Fetch it again. {_SAFE}",
    ),
)


def explain_failure(error: BaseException) -> SparkAppError:
    """The error to show for anything that was raised.

    Errors of our own pass through. Others are recognised by their text; what is not recognised is a bug (exit 7),
    named by its type and the place in our code, without its message.
    """
    if isinstance(error, SparkAppError):
        return error
    if isinstance(error, MemoryError):
        return ResourceError("memory ran out", _AGAIN)
    text = f"{type(error).__name__} {error}"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        text = "No space left on device"
    if type(error).__name__ in {"Py4JNetworkError", "ConnectionRefusedError", "ConnectionResetError"}:
        return ResourceError("Spark's own process has ended (killed, or out of memory)", _AGAIN)
    for pattern, kind, what, remedy in _PATTERNS:
        if found := re.search(pattern, text):
            return kind(found.groupdict().get("said") or what + _file_in(text), remedy)
    return SparkAppError(
        f"a bug: {_kind(error)} at {_place(error)}", f"{_SAFE} Please report it with the output of --debug."
    )


def _file_in(text: str) -> str:
    # Spark writes file:/a, file:///a and s3a://b/a, at times with the full stop of its sentence.
    found = re.search(r"(?:file:/*(?=/)|s3a?:/)(/[^\s\"'`,]+)", text)
    return f": {found.group(1).rstrip('.')}" if found else ""


def _kind(error: BaseException) -> str:
    condition = getattr(error, "getCondition", None) or getattr(error, "getErrorClass", None)
    name = condition() if condition else None
    return f"{type(error).__name__} [{name}]" if name else type(error).__name__


def _place(error: BaseException) -> str:
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "spark_app" in f.filename]
    if not frames:
        return "an unknown place"
    return f"{frames[-1].filename.rsplit('spark_app/', 1)[-1]}:{frames[-1].lineno}"
