"""Parquet files -> the same rows that text files give."""

from __future__ import annotations

from py4j.protocol import Py4JJavaError
from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_app.columns import FILE, LINE, RECORD
from spark_app.errors import DataError
from spark_app.sources.files import NoRowsError, Source, damage_named, file_name
from spark_app.sources.layouts import Layout
from spark_app.sources.lines import EMPTY_ROW, NUL_BYTE, TOO_LONG
from spark_app.sources.recognise import COLUMNS, positions
from spark_app.sources.records import MAX_RECORD_TEXT, PROBLEM


def parquet_frame(spark: SparkSession, source: Source, *, skip_damaged: bool = False) -> DataFrame:
    """All columns of all files, as they are.

    Raises:
        DataError: The files do not agree on the type of a column, or a footer is damaged.
    """
    reader = spark.read.option("recursiveFileLookup", True).option("ignoreCorruptFiles", skip_damaged)
    with damage_named(source.path):
        try:
            # Without mergeSchema one file's columns would stand for all, and the others' be dropped in silence.
            return reader.option("mergeSchema", True).parquet(source.path)
        except AnalysisException as error:
            if "UNABLE_TO_INFER_SCHEMA" not in str(error):
                raise
            raise NoRowsError(source.path, "no Parquet file can be read") from None
        except Py4JJavaError as error:  # Spark gives this failure no class of its own
            if "CANNOT_MERGE" not in str(error):
                raise
            raise DataError(
                f"{source.path}: the files do not agree on the type of a column",
                "Read them one by one, or rewrite them.",
            ) from None


def parquet_rows(frame: DataFrame, source: Source, *, layout: Layout, max_record_bytes: int) -> DataFrame:
    """Rows as :func:`records.parse_lines` gives them; ``line`` is the row number in the file, from 1.

    Numbers, dates and booleans become text, arrays and structs JSON. An empty text is null.

    Raises:
        DataError: A column that is used holds bytes.
    """
    found = {column: frame.schema[index] for column, index in positions(frame.columns, layout).items()}
    binary = [field.name for field in found.values() if isinstance(field.dataType, T.BinaryType)]
    if binary:
        raise DataError(f"{source.path}: {', '.join(binary)} holds bytes, not text", "Write the column as text.")
    columns = COLUMNS[layout.kind]
    rows = frame.select(
        file_name(source).alias(FILE),
        (F.col("_metadata.row_index") + 1).alias(LINE),
        *[(_text(found[c]) if c in found else F.lit(None).cast("string")).alias(c) for c in columns],
    ).withColumn(PROBLEM, _problem(columns, max_record_bytes))
    is_kept = F.col(PROBLEM).isNull()
    record = F.substring(F.to_json(F.struct(*columns)), 1, MAX_RECORD_TEXT)
    return rows.select(
        FILE,
        LINE,
        *[F.when(is_kept, F.col(column)).alias(column) for column in columns],
        PROBLEM,
        F.when(~is_kept, record).alias(RECORD),
    )


def _text(field: T.StructField) -> Column:
    column = F.col(f"`{field.name}`")
    nested = isinstance(field.dataType, T.ArrayType | T.StructType | T.MapType)
    return F.nullif(F.to_json(column) if nested else column.cast("string"), F.lit(""))


def _problem(columns: tuple[str, ...], max_record_bytes: int) -> Column:
    whole = F.concat_ws("", *columns)
    return (
        F.when(F.octet_length(whole) == 0, EMPTY_ROW)
        .when(F.octet_length(whole) > max_record_bytes, TOO_LONG)
        .when(F.locate("\0", whole) > 0, NUL_BYTE)
    )
