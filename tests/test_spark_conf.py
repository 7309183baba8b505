"""How much Spark plans and compiles for inputs of a size."""

from __future__ import annotations

import pytest

from spark_app.spark_conf import INTERPRETED_ROWS, PLAIN_ROWS, conf_set, planned_for

MODE, STAGE, ADAPTIVE = "spark.sql.codegen.factoryMode", "spark.sql.codegen.wholeStage", "spark.sql.adaptive.enabled"
PARTITIONS = "spark.sql.shuffle.partitions"
DEFAULTS = {MODE: "FALLBACK", STAGE: "true", ADAPTIVE: "true", PARTITIONS: "16"}


@pytest.fixture
def session(spark):
    """A session as Spark's own defaults make it; the tests' own settings come back."""
    with conf_set(spark, DEFAULTS):
        yield spark


def settings_for(session, rows):
    with planned_for(session, rows):
        return tuple(session.conf.get(name) for name in (MODE, STAGE, ADAPTIVE, PARTITIONS))


def test_small_inputs_are_interpreted_middling_ones_planned_once_and_large_ones_left_to_spark(session):
    cores = str(session.sparkContext.defaultParallelism)
    small, plain, large = (
        ("NO_CODEGEN", "false", "false", cores),
        ("FALLBACK", "false", "false", "16"),
        (*DEFAULTS.values(),),
    )
    assert settings_for(session, 0) == settings_for(session, INTERPRETED_ROWS) == small
    assert settings_for(session, INTERPRETED_ROWS + 1) == settings_for(session, PLAIN_ROWS) == plain
    assert settings_for(session, PLAIN_ROWS + 1) == settings_for(session, None) == large


def test_what_the_session_had_comes_back_and_what_a_user_moved_stays(session):
    assert settings_for(session, 1)[0] == "NO_CODEGEN"
    assert session.conf.get(MODE) == "FALLBACK"
    with conf_set(session, {MODE: "CODEGEN_ONLY", PARTITIONS: "1"}):
        assert settings_for(session, 1) == ("CODEGEN_ONLY", "false", "false", "1")
