"""Trees: a single one, a forest, boosted ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.ml.classification import DecisionTreeClassifier

from spark_app.classify.boosting import GradientBoosting, check_installed
from spark_app.classify.candidates.base import Candidate, TrainingSpec
from spark_app.classify.growing import GrownForest
from spark_app.classify.probabilities import LABEL_INDEX, PREDICTION, PROBABILITY, VECTOR

if TYPE_CHECKING:
    from pyspark.ml import Estimator


def _forest(spec: TrainingSpec) -> Estimator:
    forest = spec.params.forest
    return GrownForest(
        weightCol=spec.weight,
        keyCol=spec.key,
        trees=forest.trees,
        depth=forest.depth,
        minRows=forest.min_rows,
        treesPerTask=forest.trees_per_task,
        rowsPerTask=forest.rows_per_task,
        nLabels=len(spec.labels),
        seed=spec.seed,
    )


def _tree(spec: TrainingSpec) -> Estimator:
    tree = spec.params.tree
    estimator = DecisionTreeClassifier(
        featuresCol=VECTOR,
        labelCol=LABEL_INDEX,
        predictionCol=PREDICTION,
        probabilityCol=PROBABILITY,
        maxDepth=tree.depth,
        maxBins=tree.bins,
        minInstancesPerNode=tree.min_rows,
        seed=spec.seed,
    )
    return estimator.setWeightCol(spec.weight) if spec.weight else estimator


def _boosting(spec: TrainingSpec) -> Estimator:
    check_installed()
    boosting = spec.params.boosting
    return GradientBoosting(
        weightCol=spec.weight,
        validationCol=spec.validation,
        nLabels=len(spec.labels),
        rounds=boosting.rounds,
        depth=boosting.depth,
        rate=boosting.rate,
        rowShare=boosting.row_share,
        featureShare=boosting.feature_share,
        workers=boosting.workers,
        patience=boosting.patience,
        seed=spec.seed,
    )


RANDOM_FOREST = Candidate("random_forest", _forest)
DECISION_TREE = Candidate("decision_tree", _tree)
GRADIENT_BOOSTING = Candidate("gradient_boosting", _boosting, takes_validation=True)
