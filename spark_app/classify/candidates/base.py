"""What every kind of classifier is: a name, and how its estimator is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pyspark.ml import Estimator


@dataclass(frozen=True)
class ForestParams:
    """``GrownForest``."""

    trees: int
    depth: int
    min_rows: int
    trees_per_task: int
    rows_per_task: int


@dataclass(frozen=True)
class TreeParams:
    """A single tree of Spark ML; ``bins`` candidate thresholds per feature."""

    depth: int
    bins: int
    min_rows: int


@dataclass(frozen=True)
class LogisticParams:
    """Both logistic regressions."""

    iterations: int


@dataclass(frozen=True)
class SvmParams:
    """The linear SVM: ``loss`` is ``hinge``, ``squared_hinge`` or ``least_squares``."""

    loss: str
    cost: float
    iterations: int


@dataclass(frozen=True)
class RbfParams:
    """The RBF SVM: Fourier ``components``, ``gamma`` (0: scikit-learn's "scale"), then a linear SVM."""

    components: int
    gamma: float
    loss: str
    cost: float
    iterations: int


@dataclass(frozen=True)
class PerceptronParams:
    """One hidden layer of ``hidden`` sigmoids."""

    hidden: int
    iterations: int


@dataclass(frozen=True)
class BoostingParams:
    """``GradientBoosting``; shares are of rows and features per tree."""

    rounds: int
    depth: int
    rate: float
    row_share: float
    feature_share: float
    workers: int
    patience: int


@dataclass(frozen=True)
class ModelParams:
    """Hyper-parameters of all families."""

    forest: ForestParams
    tree: TreeParams
    logistic: LogisticParams
    svm: SvmParams
    rbf: RbfParams
    perceptron: PerceptronParams
    boosting: BoostingParams
    parallelism: int  # labels of a one-vs-rest model that are fitted at a time


@dataclass(frozen=True)
class TrainingSpec:
    """What an estimator is made for.

    Attributes:
        labels: Declared labels; ``label_index`` is a position in them.
        n_features: Length of the vector ``features``.
        seed: Of everything that is drawn.
        params: Hyper-parameters.
        weight: Column of row weights, None for equal ones.
        label_weights: By which answers are chosen, one per label; none choose the likeliest.
        validation: Column that is true in rows which only decide when to stop; None trains all rounds.
        key: Column that orders the rows of a forest, None for their values.
    """

    labels: tuple[str, ...]
    n_features: int
    seed: int
    params: ModelParams
    weight: str | None = None
    label_weights: tuple[float, ...] = ()
    validation: str | None = None
    key: str | None = None


@dataclass(frozen=True)
class Candidate:
    """One kind of classifier.

    What it fits adds ``prediction`` (position in the labels, a double) and ``probability`` (a vector with one share
    per declared label, which sum to 1) to rows with ``features``. A declared label without training rows is never
    predicted.

    Attributes:
        name: Unique, as tables and settings use it.
        build: The unfitted estimator.
        takes_weights: Whether ``TrainingSpec.weight`` is taken; otherwise ``build`` refuses it, and the labels' weights
            only choose answers.
        takes_validation: Whether ``TrainingSpec.validation`` stops the training early; otherwise it is not used,
            and the rows are to be left out.
    """

    name: str
    build: Callable[[TrainingSpec], Estimator]
    takes_weights: bool = True
    takes_validation: bool = False
