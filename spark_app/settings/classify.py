"""The section ``classify``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from spark_app.settings.base import Count, Section, Share


class ChampionSettings(Section):
    """What a model must reach before it replaces the champion."""

    metric: Literal["accuracy", "balanced_accuracy", "macro_f1", "weighted_f1"]
    max_ece: Share
    max_mib: Annotated[float, Field(gt=0)]


class ForestSettings(Section):
    """How the trees of the forest are grown; ``classify.trees`` and ``classify.depth`` say how many and how deep."""

    min_rows: Count
    trees_per_task: Count
    rows_per_task: Annotated[int, Field(ge=100)]


class TreeSettings(Section):
    """A single decision tree."""

    depth: Annotated[int, Field(ge=1, le=30)]
    bins: Annotated[int, Field(ge=2)]
    min_rows: Count


class LogisticSettings(Section):
    """Both logistic regressions."""

    iterations: Count


class SvmSettings(Section):
    """The linear SVM."""

    loss: Literal["hinge", "squared_hinge", "least_squares"]
    cost: Annotated[float, Field(gt=0)]
    iterations: Count


class RbfSettings(SvmSettings):
    """The RBF SVM: random Fourier features, then a linear SVM."""

    components: Annotated[int, Field(ge=2, multiple_of=2)]
    gamma: Annotated[float, Field(ge=0)]


class PerceptronSettings(Section):
    """The multilayer perceptron."""

    hidden: Count
    iterations: Count


class BoostingSettings(Section):
    """Gradient boosting."""

    rounds: Count
    depth: Annotated[int, Field(ge=1, le=30)]
    rate: Annotated[float, Field(gt=0, le=1)]
    row_share: Annotated[float, Field(gt=0, le=1)]
    feature_share: Annotated[float, Field(gt=0, le=1)]
    workers: Count
    patience: Count


class SearchSettings(Section):
    """Search over hyper-parameters: ``grid`` names settings of this section with their values, ``depth=8,12``."""

    model: str
    grid: Annotated[list[str], Field(min_length=1)]
    margin: Annotated[float, Field(ge=0)]
    parallelism: Count


class ClassifySettings(Section):
    """Genre classifiers."""

    target: Literal["auto", "genre", "group"]
    splits: list[Literal["artist", "random", "time"]]
    folds: list[Annotated[int, Field(ge=0)]]
    models: list[str]
    extra_features: list[str]
    early_stopping: bool
    class_weights: Literal["none", "balanced"]
    trees: Count
    depth: Annotated[int, Field(ge=1, le=30)]
    resamples: Annotated[int, Field(ge=100, le=100_000)]
    abstain_below: Share
    multilabel: bool
    score_top: Count
    champion: ChampionSettings
    parallelism: Count
    forest: ForestSettings
    tree: TreeSettings
    logistic: LogisticSettings
    svm: SvmSettings
    rbf: RbfSettings
    perceptron: PerceptronSettings
    boosting: BoostingSettings
    search: SearchSettings
