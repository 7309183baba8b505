"""Hyper-parameters as the classifiers take them, out of the settings."""

from __future__ import annotations

from spark_app.classify.candidates import base
from spark_app.settings import ClassifySettings


def model_params(classify: ClassifySettings) -> base.ModelParams:
    """The section ``classify`` as plain values, since a stage knows no settings."""
    return base.ModelParams(
        forest=base.ForestParams(trees=classify.trees, depth=classify.depth, **classify.forest.model_dump()),
        tree=base.TreeParams(**classify.tree.model_dump()),
        logistic=base.LogisticParams(**classify.logistic.model_dump()),
        svm=base.SvmParams(**classify.svm.model_dump()),
        rbf=base.RbfParams(**classify.rbf.model_dump()),
        perceptron=base.PerceptronParams(**classify.perceptron.model_dump()),
        boosting=base.BoostingParams(**classify.boosting.model_dump()),
        parallelism=classify.parallelism,
    )
