"""Folders of a lake as file systems, reached as deltalake reaches its tables."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem


def deltalake_uri(uri: str) -> str:
    """A URI in a scheme that deltalake knows: Amazon's own alone of those that Hadoop has for S3.

    >>> deltalake_uri("s3a://lake/prefix/")
    's3://lake/prefix'
    """
    base = uri.rstrip("/")
    for hadoop in ("s3a://", "s3n://"):
        base = f"s3://{base.removeprefix(hadoop)}" if base.startswith(hadoop) else base
    return base


def folder_store(uri: str) -> FileSystem:
    """The folder as a file system of its own; credentials and endpoint come from the environment, as for tables."""
    from deltalake.fs import DeltaStorageHandler
    from pyarrow.fs import LocalFileSystem, PyFileSystem, SubTreeFileSystem

    folder = uri.removeprefix("file://").removeprefix("file:")  # Hadoop's spelling has one slash
    if "://" not in folder:
        return SubTreeFileSystem(os.path.abspath(folder), LocalFileSystem())
    return PyFileSystem(DeltaStorageHandler(deltalake_uri(uri)))
