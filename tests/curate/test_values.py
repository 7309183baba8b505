"""Numbers, keys, modes, truth values and dates out of text."""

from __future__ import annotations

from pyspark.sql import functions as F

from spark_app.curate.values import PARSED, PROBLEM, is_sentinel, measured, release, truth, with_numbers
from tests.curate.rows import CURATE

LIMITS = CURATE.limits
SENTINELS = CURATE.sentinels


def read(spark, column, texts):
    """text -> (value, problem, is a sentinel)."""
    frame = spark.createDataFrame([(text,) for text in texts], f"{column} string")
    numbers = with_numbers(frame, [column], limits=LIMITS, sentinels=SENTINELS)
    rows = numbers.select(
        F.col(column).alias("text"),
        measured(column, SENTINELS).alias("value"),
        F.col(PROBLEM + column).alias("problem"),
        is_sentinel(column, SENTINELS.get(column, ())).alias("sentinel"),
    ).collect()
    return {row["text"]: (row["value"], row["problem"], row["sentinel"]) for row in rows}


def test_a_share_is_a_finite_number_from_0_to_1(spark):
    assert read(spark, "energy", ["0", " 1.0 ", "2.33e-5", ".5", "1.", None, " "]) == {
        "0": (0.0, None, False),
        " 1.0 ": (1.0, None, False),
        "2.33e-5": (2.33e-5, None, False),
        ".5": (0.5, None, False),
        "1.": (1.0, None, False),
        None: (None, None, False),
        " ": (None, None, False),
    }


def test_what_is_no_number_not_finite_or_out_of_range_says_so(spark):
    found = read(
        spark, "energy", ["7.5", "-0.1", "NaN", "inf", "-Infinity", "1e999", "1,5", "abc", "1d", "0x1p3", "NA"]
    )
    assert {text: problem for text, (_, problem, _) in found.items()} == {
        "7.5": "out_of_range:energy",
        "-0.1": "out_of_range:energy",
        "NaN": "not_finite:energy",
        "inf": "not_finite:energy",
        "-Infinity": "not_finite:energy",
        "1e999": "not_finite:energy",
        "1,5": "not_a_number:energy",
        "abc": "not_a_number:energy",
        "1d": "not_a_number:energy",  # Java alone would read this as 1.0
        "0x1p3": "not_a_number:energy",
        "NA": "not_a_number:energy",
    }
    # Outside the limits a value stays, for the action `warn`; what is not a finite number never does.
    assert {text for text, (value, _, _) in found.items() if value is not None} == {"7.5", "-0.1"}


def test_limits_of_tempo_and_duration_are_inclusive_and_their_sentinels_are_null(spark):
    assert read(spark, "tempo", ["0", "0.0", "?", "0.001", "300", "300.1", "-1"]) == {
        "0": (None, None, True),
        "0.0": (None, None, True),
        "?": (None, None, True),
        "0.001": (0.001, None, False),
        "300": (300.0, None, False),
        "300.1": (300.1, "out_of_range:tempo", False),
        "-1": (-1.0, "out_of_range:tempo", False),
    }
    assert read(spark, "duration_ms", ["-1", "-1.0", "0", "1", "86400000", "86400001", "?"]) == {
        "-1": (None, None, True),
        "-1.0": (None, None, True),
        "0": (0.0, "out_of_range:duration_ms", False),
        "1": (1.0, None, False),
        "86400000": (86400000.0, None, False),
        "86400001": (86400001.0, "out_of_range:duration_ms", False),
        "?": (None, "not_a_number:duration_ms", False),
    }


def test_a_key_is_a_pitch_class_or_a_pitch_name(spark):
    assert read(spark, "key", ["0", "11.0", "-1", "12", "5.5", "A#", "bb", "C♯", "Cb", "H"]) == {
        "0": (0.0, None, False),
        "11.0": (11.0, None, False),
        "-1": (None, None, True),
        "12": (12.0, "out_of_range:key", False),
        "5.5": (5.5, "out_of_range:key", False),
        "A#": (10.0, None, False),
        "bb": (10.0, None, False),
        "C♯": (1.0, None, False),
        "Cb": (11.0, None, False),
        "H": (None, "not_a_number:key", False),
    }


def test_a_mode_is_0_or_1_or_its_name(spark):
    assert read(spark, "mode", ["0", "1", "0.5", "2", "Minor", "MAJOR", "dorian"]) == {
        "0": (0.0, None, False),
        "1": (1.0, None, False),
        "0.5": (0.5, "out_of_range:mode", False),
        "2": (2.0, "out_of_range:mode", False),
        "Minor": (0.0, None, False),
        "MAJOR": (1.0, None, False),
        "dorian": (None, "not_a_number:mode", False),
    }


def test_loudness_may_be_above_zero(spark):
    found = read(spark, "loudness", ["-80", "10", "10.01", "-80.01"])
    too_far = "out_of_range:loudness"
    assert [found[text][1] for text in ("-80", "10", "10.01", "-80.01")] == [None, None, too_far, too_far]


def test_the_parsed_number_of_nan_stays_nan_so_that_null_means_unreadable(spark):
    frame = spark.createDataFrame([("nan",), ("x",)], "energy string")
    parsed = with_numbers(frame, ["energy"], limits=LIMITS, sentinels=SENTINELS)
    assert [str(row[0]) for row in parsed.select(PARSED + "energy").collect()] == ["nan", "None"]


def test_truth_is_read_in_any_case(spark):
    texts = ["True", "false", "1", "0", "1.0", "YES", "maybe", None]
    frame = spark.createDataFrame([(text,) for text in texts], "explicit string")
    found = [row[0] for row in frame.select(truth("explicit")).collect()]
    assert found == [True, False, True, False, True, True, None, None]


def test_dates_of_three_precisions_and_nothing_else(spark):
    texts = [
        "2019-06-14",
        "1963-10",
        "1999",
        "4-Apr",
        "2019-13",
        "2019-02-30",
        "0000",
        "0000-01-01",
        "1859",
        None,
        "99",
    ]
    frame = spark.createDataFrame([(text,) for text in texts], "d string")
    rows = frame.select("d", *[c.alias(n) for n, c in release("d", LIMITS["release_year"]).items()]).collect()
    found = {row["d"]: (str(row["release_date"]), row["release_date_precision"], row["release_year"]) for row in rows}
    nothing = ("None", None, None)
    assert found == {
        "2019-06-14": ("2019-06-14", "day", 2019),
        "1963-10": ("1963-10-01", "month", 1963),
        "1999": ("1999-01-01", "year", 1999),
        **dict.fromkeys(["4-Apr", "2019-13", "2019-02-30", "0000", "0000-01-01", "1859", None, "99"], nothing),
    }
