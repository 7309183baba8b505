"""Judge rows: rejected by a rule, or kept, or merged into the row that wins among those of one id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_app.columns import FILE, FILE_DATE, JOB, LINE, REASON, RECORD, SOURCE, TRACK_ID
from spark_app.curate import rules

FATE = "fate"
WARNED = "warned"
DIFFERS = "differs"  # columns in which a merged row differs from the winner
_PLACE = (SOURCE, FILE, LINE)
_MAX_RECORD = 4000  # characters of a stored record


def judged(
    typed: DataFrame, *, key: str, actions: Mapping[str, str], values: Sequence[str], attributes: Sequence[str]
) -> DataFrame:
    """Give every row its fate; one row per row of ``typed``.

    Rows that break no rejecting rule compete by ``key``. The winner has the newest ``file_date`` (none counts as
    oldest), then the fewest nulls, then the smallest (file, line); this is a total order, so that partitioning does
    not matter.

    Args:
        typed: One row per raw row ``[source, file, line, file_date, problems, flags]`` and typed columns.
        key: ``track_id`` or ``artist_id``.
        actions: Rule to action.
        values: Columns whose nulls are counted.
        attributes: Columns in which a loser that differs is a conflict; null and a value differ.

    Returns:
        ``typed`` with ``reason`` (the rule that decided, else null), ``fate`` (kept, merged, merged_conflict,
        rejected, dropped or failed), ``warned`` (broken rules that only warn; added to ``flags``) and ``differs``
        (array of columns; empty but for merged_conflict). ``problems`` stays.
    """
    broken = typed.withColumn("_broken", rules.broken_rules(F.col("problems")))
    decided = broken.withColumns(
        {
            REASON: rules.deciding_rule(F.col("_broken"), actions),
            WARNED: rules.warned_rules(F.col("_broken"), actions),
        }
    )
    ranked = _ranked(decided, key, values, attributes)
    is_loser = F.col(REASON).isNull() & (F.col("_rank") > 1)
    compared = ranked.withColumn(
        DIFFERS, F.when(is_loser, _differences(attributes)).otherwise(F.array().cast("array<string>"))
    )
    fate = (
        F.when(is_loser & (F.size(DIFFERS) > 0), F.lit(rules.MERGED_CONFLICT))
        .when(is_loser, F.lit(rules.MERGED))
        .otherwise(rules.fate_of(F.col(REASON), actions))
    )
    return compared.withColumns({FATE: fate, "flags": F.concat("flags", WARNED)}).drop("_broken", "_rank", "_winner")


def _ranked(frame: DataFrame, key: str, values: Sequence[str], attributes: Sequence[str]) -> DataFrame:
    n_nulls = sum((F.col(name).isNull().cast("int") for name in values), F.lit(0))
    # A rejected row competes with none: it gets a key of its own, which also keeps rows without id apart.
    own = F.concat_ws("\x00", F.lit("rejected"), *_PLACE)
    contest = F.when(F.col(REASON).isNull(), F.col(key)).otherwise(own)
    order = [F.col(FILE_DATE).desc_nulls_last(), F.col("_n_nulls"), *[F.col(name) for name in (FILE, LINE, SOURCE)]]
    window = Window.partitionBy("_contest").orderBy(*order)
    return (
        frame.withColumns({"_contest": contest, "_n_nulls": n_nulls})
        .withColumns(
            {
                "_rank": F.row_number().over(window),
                "_winner": F.first(F.struct(*attributes)).over(window),
            }
        )
        .drop("_contest", "_n_nulls")
    )


def _differences(attributes: Sequence[str]) -> Column:
    winner = F.col("_winner")
    return F.array_compact(
        F.array(*[F.when(~F.col(name).eqNullSafe(winner[name]), F.lit(name)) for name in attributes])
    )


def kept(frame: DataFrame) -> DataFrame:
    """The winners: one row per key."""
    return frame.where(F.col(FATE) == rules.KEPT)


def counts(frame: DataFrame, kind: str, actions: Mapping[str, str]) -> DataFrame:
    """Rows by fate and reason, with the first place of each and how many of them each warning marks.

    Returns:
        One row per fate and reason ``[kind, fate, reason, n, first_place (file, line), warn_<rule> ...]``: at most
        some thirty rows, whatever the size of ``frame``.
    """
    warnings = [rule for rule in rules.RULES if actions[rule] == rules.WARN]
    return frame.groupBy(F.lit(kind).alias("kind"), FATE, REASON).agg(
        F.count(F.lit(1)).alias("n"),
        F.min(F.struct(FILE, LINE)).alias("first_place"),
        *[F.sum(F.array_contains(WARNED, rule).cast("long")).alias(f"warn_{rule}") for rule in warnings],
    )


def rejects(frame: DataFrame, raw: DataFrame, *, job: str, key: str) -> DataFrame:
    """Rows of ``curated.rejects``: what was quarantined, and what was merged in spite of a conflict.

    Args:
        frame: Judged rows.
        raw: The raw rows they came from; supplies the text.
        job: Name of the writing job.
        key: Id column of ``frame``.

    Returns:
        One row per rejected row, key ``[job, source, file, line, reason]``, with ``track_id`` (null for artists) and
        ``record``: the raw row as JSON of at most 4,000 characters, led by ``problem``, which names rule and column
        of everything wrong with it.
    """
    is_conflict = F.col(FATE) == rules.MERGED_CONFLICT
    stored = frame.where(F.col(FATE).isin(rules.REJECTED, rules.MERGED_CONFLICT)).select(
        *_PLACE,
        F.when(is_conflict, F.lit(rules.MERGED_CONFLICT)).otherwise(F.col(REASON)).alias(REASON),
        F.col(key).alias("_id"),
        F.when(is_conflict, F.concat(F.lit("differs:"), F.array_join(DIFFERS, ",")))
        .otherwise(F.array_join("problems", ", "))
        .alias("_problem"),
    )
    texts = [name for name in raw.columns if name not in (*_PLACE, FILE_DATE)]
    record = F.to_json(F.struct(F.col("_problem").alias("problem"), *texts))
    return stored.join(raw, on=list(_PLACE), how="inner").select(
        F.lit(job).alias(JOB),
        *_PLACE,
        REASON,
        (F.col("_id") if key == TRACK_ID else F.lit(None).cast("string")).alias(TRACK_ID),
        F.substring(record, 1, _MAX_RECORD).alias(RECORD),
    )
