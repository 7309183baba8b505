"""Are two roots equal? ``contracts.md``, "Equality", as code.

Keys and non-float columns must be identical; floats a and b agree where |a - b| <= 1e-9 * max(1, |a|, |b|); null equals
null, NaN equals NaN. ``ops/*``, columns that end in ``_seconds`` and identifiers of runs do not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from delta.tables import DeltaTable
from pyspark.sql import Column, DataFrame, Row, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_app.errors import DataError
from spark_app.schemas import RUN_COLUMNS, TABLES

TOLERANCE = 1e-9
_EXAMPLES = 3
_FLOATS = (T.DoubleType, T.FloatType)


@dataclass(frozen=True)
class TableDiff:
    """How one table differs between roots A and B.

    Attributes:
        name: ``zone.noun``.
        rows_a: Rows in A; None where A lacks the table.
        rows_b: Likewise in B.
        only_a: Keys that B lacks.
        only_b: Keys that A lacks.
        differing: Keys in both, with another value in at least one column.
        duplicates: Keys that stand on several rows of a side; such a table is never equal.
        columns: Columns with the number of keys that differ there, most first.
        largest: Greatest |a - b| of the first of ``columns``, where that holds floats.
        examples: Up to three keys that are not equal, in order.
        note: A difference in the tables as such: missing, other columns, other types.
    """

    name: str
    rows_a: int | None = None
    rows_b: int | None = None
    only_a: int = 0
    only_b: int = 0
    differing: int = 0
    duplicates: int = 0
    columns: dict[str, int] = field(default_factory=dict)
    largest: float | None = None
    examples: list[dict[str, Any]] = field(default_factory=list)
    note: str = ""

    @property
    def equal(self) -> bool:
        """True where the tables are equal."""
        return not (self.only_a or self.only_b or self.differing or self.duplicates or self.note)


def compared_tables() -> list[str]:
    """Tables that count, in the order of the data flow."""
    return [name for name in TABLES if not name.startswith("ops.")]


def diff_roots(spark: SparkSession, root_a: str, root_b: str, names: Iterable[str] | None = None) -> list[TableDiff]:
    """Compare tables of two roots; those that neither root has are left out unless they are named.

    Args:
        spark: The session.
        root_a: Folder or URI.
        root_b: Likewise.
        names: Tables to compare; default: all that count.

    Raises:
        DataError: A root holds none of the tables.
    """
    wanted = list(names) if names is not None else compared_tables()
    frames = {root: {name: _read(spark, root, name) for name in wanted} for root in (root_a, root_b)}
    for root, found in frames.items():
        if not any(frame is not None for frame in found.values()):
            raise DataError(
                f"there are no tables to compare below {root}", f"See: spark-app tables --set tables.root={root}"
            )
    present = [n for n in wanted if names is not None or frames[root_a][n] is not None or frames[root_b][n] is not None]
    return [diff_tables(name, frames[root_a][name], frames[root_b][name]) for name in present]


def diff_tables(name: str, a: DataFrame | None, b: DataFrame | None) -> TableDiff:
    """Compare two states of one table: one Spark job, and one more for examples where they differ.

    Args:
        name: ``zone.noun``; gives the key.
        a: First state, None where the table is missing.
        b: Second state.
    """
    if a is None or b is None:
        sides = [side for side, frame in (("A", a), ("B", b)) if frame is None]
        return TableDiff(name, _count(a), _count(b), note=f"missing in {' and '.join(sides)}")
    key = list(TABLES[name].key)
    note = _other_columns(a, b)
    shared = [f for f in a.schema.fields if f in b.schema.fields or _same_type(f, b)]
    values = [f for f in shared if f.name not in key and _counts(f.name)]
    lacking = [column for column in key if column not in {f.name for f in shared}]
    if lacking:
        return TableDiff(name, _count(a), _count(b), note=note or f"no key column {lacking}")
    pairs = _pairs(a, b, key, values)
    sums = pairs.agg(*_sums(values)).collect()[0]  # one row
    found = _as_diff(name, sums, values, note)
    if found.equal or not (found.only_a or found.only_b or found.differing or found.duplicates):
        return found
    rows = pairs.where("_state <> 'same'").orderBy(*key).select(*key).limit(_EXAMPLES).collect()  # three rows
    return TableDiff(**{**found.__dict__, "examples": [row.asDict() for row in rows]})


def _pairs(a: DataFrame, b: DataFrame, key: Sequence[str], values: Sequence[T.StructField]) -> DataFrame:
    """One row per key of either side ``[key, _n_a, _n_b, _a, _b, _state, _d0 ...]``; ``_dN``: column N differs.

    Grouped, not joined: null keys meet, and keys that stand on several rows are seen.
    """
    names = [f"`{f.name}`" for f in values]

    def side(frame: DataFrame, label: str) -> DataFrame:
        packed = F.struct(F.lit(0).alias("_none"), *names)
        return frame.select(*key, F.lit(label).alias("_side"), packed.alias("_row"))

    is_a, is_b = F.col("_side") == "a", F.col("_side") == "b"
    grouped = (
        side(a, "a")
        .unionByName(side(b, "b"))
        .groupBy(*key)
        .agg(
            F.count_if(is_a).alias("_n_a"),
            F.count_if(is_b).alias("_n_b"),
            # The largest row stands for a key; with several rows a side the state is "duplicate" whatever it holds.
            F.max(F.when(is_a, F.col("_row"))).alias("_a"),
            F.max(F.when(is_b, F.col("_row"))).alias("_b"),
        )
    )
    flags = {f"_d{i}": ~_same(_at("_a", f), _at("_b", f), f.dataType) for i, f in enumerate(values)}
    flagged = grouped.withColumns(flags) if flags else grouped
    any_differs = F.lit(False)
    for flag in flags:
        any_differs = any_differs | F.col(flag)
    state = (
        F.when((F.col("_n_a") > 1) | (F.col("_n_b") > 1), "duplicate")
        .when(F.col("_n_b") == 0, "only_a")
        .when(F.col("_n_a") == 0, "only_b")
        .when(any_differs, "differs")
        .otherwise("same")
    )
    return flagged.withColumn("_state", state)


def _sums(values: Sequence[T.StructField]) -> list[Column]:
    differs = F.col("_state") == "differs"
    sums = [F.coalesce(F.sum(f"_n_{side}"), F.lit(0)).alias(f"rows_{side}") for side in ("a", "b")]
    sums += [
        F.count_if(F.col("_state") == state).alias(state) for state in ("only_a", "only_b", "differs", "duplicate")
    ]
    for i, column in enumerate(values):
        sums.append(F.count_if(differs & F.col(f"_d{i}")).alias(f"_d{i}"))
        if isinstance(column.dataType, _FLOATS):
            gap = F.abs(_at("_a", column) - _at("_b", column))
            sums.append(F.max(F.when(differs & F.col(f"_d{i}"), gap)).alias(f"_gap{i}"))
    return sums


def _as_diff(name: str, sums: Row, values: Sequence[T.StructField], note: str) -> TableDiff:
    counts = {f.name: int(sums[f"_d{i}"]) for i, f in enumerate(values) if sums[f"_d{i}"]}
    ordered = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
    gaps = {f.name: sums[f"_gap{i}"] for i, f in enumerate(values) if isinstance(f.dataType, _FLOATS)}
    return TableDiff(
        name=name,
        rows_a=int(sums["rows_a"]),
        rows_b=int(sums["rows_b"]),
        only_a=int(sums["only_a"]),
        only_b=int(sums["only_b"]),
        differing=int(sums["differs"]),
        duplicates=int(sums["duplicate"]),
        columns=ordered,
        largest=gaps.get(next(iter(ordered), "")),
        note=note,
    )


def _same(a: Column, b: Column, kind: T.DataType) -> Column:
    """True where two values are equal by the contract; never null."""
    if isinstance(kind, _FLOATS):
        return a.eqNullSafe(b) | F.coalesce(_near(a, b), F.lit(False))
    if isinstance(kind, T.ArrayType) and isinstance(kind.elementType, _FLOATS):
        element = kind.elementType
        alike = F.forall(F.zip_with(a, b, lambda x, y: _same(x, y, element)), lambda same: same)
        return a.eqNullSafe(b) | F.coalesce((F.size(a) == F.size(b)) & alike, F.lit(False))
    return a.eqNullSafe(b)


def _near(a: Column, b: Column) -> Column:
    size = F.greatest(F.lit(1.0), F.abs(a), F.abs(b))
    # Infinity is near nothing, and Spark orders NaN above infinity, so this keeps both out.
    return (size < F.lit(float("inf"))) & (F.abs(a - b) <= F.lit(TOLERANCE) * size)


def _at(side: str, column: T.StructField) -> Column:
    return F.col(side).getField(column.name)


def _counts(column: str) -> bool:
    return not column.endswith("_seconds") and column not in RUN_COLUMNS


def _other_columns(a: DataFrame, b: DataFrame) -> str:
    parts = []
    for label, frame, other in (("A", a, b), ("B", b, a)):
        alone = [column for column in frame.columns if column not in other.columns and _counts(column)]
        parts += [f"only {label} has {', '.join(alone)}"] if alone else []
    retyped = [f.name for f in a.schema.fields if f.name in b.columns and _counts(f.name) and not _same_type(f, b)]
    parts += [f"other types of {', '.join(retyped)}"] if retyped else []
    return "; ".join(parts)


def _same_type(column: T.StructField, other: DataFrame) -> bool:
    return (
        column.name in other.columns
        and other.schema[column.name].dataType.simpleString() == column.dataType.simpleString()
    )


def _count(frame: DataFrame | None) -> int | None:
    return None if frame is None else frame.count()


def _read(spark: SparkSession, root: str, name: str) -> DataFrame | None:
    path = f"{root.rstrip('/')}/{TABLES[name].path}"
    if not DeltaTable.isDeltaTable(spark, path):
        return None
    return spark.read.format("delta").load(path)
