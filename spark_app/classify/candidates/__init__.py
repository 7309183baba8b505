"""The eight kinds of classifiers, by name."""

from __future__ import annotations

from collections.abc import Sequence

from spark_app.classify.candidates.base import Candidate
from spark_app.classify.candidates.logistic import LOGISTIC_ONE_VS_REST, LOGISTIC_REGRESSION
from spark_app.classify.candidates.perceptron import MULTILAYER_PERCEPTRON
from spark_app.classify.candidates.svm import LINEAR_SVM, RBF_SVM
from spark_app.classify.candidates.trees import DECISION_TREE, GRADIENT_BOOSTING, RANDOM_FOREST
from spark_app.errors import UsageError

CANDIDATES: dict[str, Candidate] = {
    candidate.name: candidate
    for candidate in (
        RANDOM_FOREST,
        DECISION_TREE,
        LOGISTIC_REGRESSION,
        LOGISTIC_ONE_VS_REST,
        LINEAR_SVM,
        RBF_SVM,
        MULTILAYER_PERCEPTRON,
        GRADIENT_BOOSTING,
    )
}


def chosen(names: Sequence[str]) -> list[Candidate]:
    """The candidates of these names, in this order.

    Raises:
        UsageError: A name is unknown or stands twice.
    """
    wrong = sorted({name for name in names if name not in CANDIDATES or list(names).count(name) > 1})
    if wrong:
        raise UsageError(f"unknown or repeated classifiers: {', '.join(wrong)}", f"There are: {', '.join(CANDIDATES)}")
    return [CANDIDATES[name] for name in names]
