"""What ends a run becomes one error with the right exit code and no value of the data."""

from __future__ import annotations

import pytest

from spark_app.cli.failures import explain_failure
from spark_app.errors import DataError


@pytest.mark.parametrize(
    ("error", "exit_code", "what"),
    [
        (OSError(28, "No space left on device"), 6, "the disk is full"),
        (RuntimeError("java.lang.OutOfMemoryError: Java heap space"), 6, "memory ran out"),
        (
            RuntimeError("Python worker exited unexpectedly (crashed) ... Caused by: java.io.EOFException"),
            6,
            "a Python worker was killed",
        ),
        (RuntimeError("software.amazon...S3Exception: ExpiredToken (Status Code: 400)"), 4, "the credentials have"),
        (RuntimeError("AccessDeniedException: s3://b/x: PUT 0-byte object: AccessDenied"), 2, "access was denied"),
        (RuntimeError("[DELTA_CONCURRENT_APPEND] ConcurrentAppendException"), 5, "another run wrote"),
        (RuntimeError("[FAILED_READ_FILE] file file:///data/a.csv.gz java.io.EOFException"), 3, "/data/a.csv.gz"),
        (
            RuntimeError(
                "An exception was thrown from the Python worker.\nTraceback (most recent call last):\n"
                '    raise DataError(f"the neighbour index cannot use {folder}/{name}: it is gone", REMEDY) from None\n'
                "spark_app.errors.DataError: the neighbour index cannot use /lake/b/0.arrow: it is gone\n\n\tat org"
            ),
            3,
            "the neighbour index cannot use /lake/b/0.arrow: it is gone",
        ),
        (MemoryError(), 6, "memory ran out"),
        (DataError("no rows"), 3, "no rows"),
    ],
)
def test_known_failures_have_their_exit_code(error, exit_code, what):
    shown = explain_failure(error)
    assert shown.exit_code == exit_code
    assert what in shown.what


def test_an_unknown_failure_is_a_bug_named_by_type_and_never_by_message():
    shown = explain_failure(ValueError("The value 'secret title' cannot be cast"))
    assert shown.exit_code == 7
    assert "ValueError" in shown.what
    assert "secret" not in shown.what + shown.remedy
