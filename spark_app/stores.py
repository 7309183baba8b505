"""Folders of a lake as Arrow file systems, on this machine or on S3."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyarrow import Buffer
    from pyarrow.fs import FileSystem


def deltalake_uri(uri: str) -> str:
    """A URI in a scheme that deltalake knows: Amazon's own alone of those that Hadoop has for S3.

    >>> deltalake_uri("s3a://lake/prefix/")
    's3://lake/prefix'
    """
    base = uri.rstrip("/")
    return f"s3://{base.removeprefix('s3a://')}" if base.startswith("s3a://") else base


def folder_store(uri: str) -> FileSystem:
    """The folder as a file system of its own.

    For S3, credentials come from Amazon's default chain, region and endpoint from ``AWS_REGION`` and
    ``AWS_ENDPOINT_URL``, as deltalake takes them for tables.
    """
    from pyarrow.fs import LocalFileSystem, S3FileSystem, SubTreeFileSystem

    if not is_on_s3(uri):
        return SubTreeFileSystem(absolute(uri), LocalFileSystem())
    named = {"region": os.environ.get("AWS_REGION"), "endpoint_override": os.environ.get("AWS_ENDPOINT_URL")}
    store = S3FileSystem(**{name: value for name, value in named.items() if value})
    return SubTreeFileSystem(deltalake_uri(uri).removeprefix("s3://"), store)


def write_file(uri: str, name: str, content: Buffer | bytes) -> None:
    """Write a file below a folder, which is made where it is missing.

    Args:
        uri: Folder or URI.
        name: Path below it.
        content: Of the file.
    """
    store = folder_store(uri)
    if not is_on_s3(uri):
        store.create_dir(name.rpartition("/")[0], recursive=True)
    with store.open_output_stream(name) as stream:
        stream.write(content)


def is_on_s3(uri: str) -> bool:
    """True for URIs of S3, in either spelling."""
    return uri.startswith(("s3://", "s3a://"))


def is_reachable(uri: str) -> bool:
    """True for what this application can read and write: paths, ``file:``, ``s3://`` and ``s3a://``.

    >>> is_reachable("build/a:b"), is_reachable("file:/lake"), is_reachable("s3a://b/lake"), is_reachable("gs://b/lake")
    (True, True, True, False)
    """
    has_scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", uri) is not None
    return not has_scheme or uri.startswith("file:") or is_on_s3(uri)


def absolute(uri: str) -> str:
    """The same folder for every process, wherever it works: executors have working directories of their own.

    >>> absolute("file:///lake/a"), absolute("file:/lake/a"), absolute("s3a://lake/a")
    ('/lake/a', '/lake/a', 's3a://lake/a')
    """
    if is_on_s3(uri):
        return uri
    return os.path.abspath(uri.removeprefix("file://").removeprefix("file:"))  # Hadoop's spelling has one slash
