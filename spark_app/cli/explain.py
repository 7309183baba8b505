"""``explain-row ID``: why a track was kept, merged or rejected, and what became of it. Without Spark."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from spark_app.cli import output
from spark_app.errors import DataError
from spark_app.settings import Settings


def add_parser(subparsers: Any, common: argparse.ArgumentParser) -> None:
    """Add ``explain-row``."""
    parser = subparsers.add_parser(
        "explain-row",
        parents=[common],
        help="say why a track was kept, merged or rejected",
        epilog="examples:\n  spark-app explain-row 6f807x0ima9a1j3VPbc7VN\n  spark-app explain-row ID --json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("track_id", metavar="ID", help="a track_id, as the source or curated.tracks has it")
    parser.set_defaults(command=explain_command)


def explain_command(args: argparse.Namespace, settings: Settings) -> int:
    """Print one sentence a line."""
    from spark_app.curate.explain import explain, raw_spellings
    from spark_app.curate.text import bare_text_id
    from spark_app.tables.local import has_table

    root, track_id = settings.root, bare_text_id(args.track_id)
    if not any(has_table(root, name) for name in ("raw.tracks", "curated.tracks")):
        raise DataError(f"there are no tracks below {root}", "Run first: spark-app pipeline")
    spellings = raw_spellings(track_id)
    curated = _rows_of(root, "curated.tracks", [track_id])
    variant = _rows_of(root, "curated.variants", [track_id])
    found: dict[str, Any] = {
        "raw": _rows_of(root, "raw.tracks", spellings),
        "rejects": _rows_of(root, "curated.rejects", spellings),
        "curated": curated[0] if curated else None,
        "genres": _rows_of(root, "curated.track_genres", [track_id]),
        "variant": variant[0] if variant else None,
    }
    if not any(found.values()):
        raise DataError(
            f"no line of the source and no table below {root} has this track_id",
            "Rows without an id are listed by: spark-app show curated.rejects --where track_id=",
        )
    sentences = explain(track_id, **found)
    if args.json:
        output.json_out({"track_id": track_id, "explanation": sentences, **found})
    else:
        for sentence in sentences:
            output.line(output.escape(sentence))
    return 0


def _rows_of(root: str, name: str, track_ids: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of one id, a handful at most; none where the table is not written yet."""
    import pyarrow.dataset as ds

    from spark_app.tables.local import has_table, read_rows

    if not has_table(root, name):
        return []
    return list(read_rows(root, name, filters=ds.field("track_id").isin(list(track_ids))).to_pylist())
