"""Rules, actions and row accounting."""

from __future__ import annotations

import pytest
from pyspark.sql import Row
from pyspark.sql import functions as F

from spark_app.curate import rules
from spark_app.curate.accounts import Account
from spark_app.errors import DataError, UsageError
from tests.curate.rows import CURATE

ACTIONS = CURATE.rules


def decided(spark, problems, **actions):
    frame = spark.createDataFrame([(problems,)], "problems array<string>")
    broken = rules.broken_rules(F.col("problems"))
    reason = rules.deciding_rule(broken, {**ACTIONS, **actions})
    warned = rules.warned_rules(broken, {**ACTIONS, **actions})
    fate = rules.fate_of(F.col("reason"), {**ACTIONS, **actions})
    return tuple(
        frame.select(reason.alias("reason"), warned.alias("warned")).select("reason", fate, "warned").collect()[0]
    )


def test_the_first_rule_in_order_decides_and_warnings_are_kept_apart(spark):
    problems = ["bad_date:release_date", "out_of_range:tempo", "not_finite:energy", "out_of_range:energy"]
    assert decided(spark, problems) == ("not_finite", "rejected", ["bad_date"])


def test_each_action_has_its_fate(spark):
    problems = ["out_of_range:tempo"]
    assert decided(spark, problems, out_of_range="quarantine") == ("out_of_range", "rejected", [])
    assert decided(spark, problems, out_of_range="drop") == ("out_of_range", "dropped", [])
    assert decided(spark, problems, out_of_range="fail") == ("out_of_range", "failed", [])
    assert decided(spark, problems, out_of_range="warn") == (None, "kept", ["out_of_range"])
    assert decided(spark, []) == (None, "kept", [])


def test_a_failing_rule_goes_before_earlier_rules_that_reject(spark):
    problems = ["no_track_name:track_name", "bad_date:release_date"]
    assert decided(spark, problems, bad_date="fail") == ("bad_date", "failed", [])


def test_settings_of_rules_are_checked():
    rules.check_rules(ACTIONS)
    with pytest.raises(UsageError, match=r"curate\.rules\.out_of_rnge") as caught:
        rules.check_rules({**ACTIONS, "out_of_rnge": "warn"})
    assert caught.value.remedy == "Did you mean out_of_range?"
    with pytest.raises(UsageError, match="cannot be kept"):
        rules.check_rules({**ACTIONS, "no_track_id": "warn"})
    with pytest.raises(UsageError, match="lacks bad_date"):
        rules.check_rules({rule: action for rule, action in ACTIONS.items() if rule != "bad_date"})


def count(kind, fate, reason, n, line=2, **warned):
    return Row(kind=kind, fate=fate, reason=reason, n=n, first_place=Row(file="f.csv", line=line), **warned)


def test_an_account_adds_up_over_kinds():
    account = Account.of(
        [
            count("tracks", "kept", None, 90, warn_bad_date=7),
            count("tracks", "rejected", "out_of_range", 3, warn_bad_date=1),
            count("tracks", "dropped", "no_track_id", 1, warn_bad_date=0),
            count("tracks", "merged", None, 4, warn_bad_date=2),
            count("tracks", "merged_conflict", None, 2, warn_bad_date=0),
            count("artists", "kept", None, 10, warn_bad_date=0),
        ]
    )
    assert (account.read(), account.kept(), account.rejected(), account.merged()) == (110, 100, 4, 6)
    assert account.reasons() == {"no_track_id": 1, "out_of_range": 3}
    assert account.detail() == "tracks 90 of 100 kept, artists 10 of 10 kept, 2 merged in conflict"
    assert account.warnings() == ("bad_date: 7 tracks kept and flagged",)
    account.check(0.05)


def test_too_many_rejects_of_one_kind_are_refused_with_the_first_place():
    account = Account.of(
        [
            count("tracks", "kept", None, 1000),
            count("artists", "kept", None, 9),
            count("artists", "rejected", "not_a_number", 1, line=5),
        ]
    )
    account.check(0.1)  # the limit itself is allowed
    with pytest.raises(
        DataError, match=r"1 of 10 rows of the artists .*10\.0%, limit 5\.0%.*f\.csv, line 5; this job changed no"
    ):
        account.check(0.05)


def test_a_rule_that_fails_names_rule_file_and_line():
    account = Account.of([count("tracks", "kept", None, 5), count("tracks", "failed", "bad_date", 2, line=1234)])
    with pytest.raises(
        DataError,
        match=r"2 rows of the tracks break the rule bad_date.* first in f\.csv, line 1,234; this job changed no",
    ):
        account.check(1.0)
