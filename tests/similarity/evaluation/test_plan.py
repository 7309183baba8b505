"""What may be asked for."""

from __future__ import annotations

import pytest

from spark_app.errors import UsageError
from spark_app.similarity.evaluation.plan import Ranking, rankings_of


def test_every_scaling_with_every_metric_and_engine_that_knows_it():
    actual = rankings_of(
        scalings=["z", "none", "z"], metrics=["euclidean", "inner_product"], engines=["exact", "spark_lsh"]
    )

    assert actual == (
        Ranking("z", "euclidean", "exact"),
        Ranking("z", "euclidean", "spark_lsh"),
        Ranking("z", "inner_product", "exact"),
        Ranking("none", "euclidean", "exact"),
        Ranking("none", "euclidean", "spark_lsh"),
        Ranking("none", "inner_product", "exact"),
    )
    assert [ranking.label for ranking in actual[1:3]] == ["z", "z/inner_product"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"scalings": ["zz"]}, "similar.eval.scalings: there is no scaling zz"),
        ({"metrics": ["manhattan"]}, "similar.eval.metrics: there is no metric manhattan"),
        ({"engines": ["exact", "annoy"]}, "similar.eval.engines: there is no engine annoy"),
        ({"metrics": ["inner_product"], "engines": ["spark_lsh"]}, "spark_lsh cannot search by inner_product"),
    ],
)
def test_what_there_is_not_is_refused_by_name(asked, told):
    with pytest.raises(UsageError, match=told):
        rankings_of(**{"scalings": ["z"], "metrics": ["euclidean"], "engines": ["exact"], **asked})
