"""MLflow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class JobRun:
    """One job's record."""

    def params(self, values: Mapping[str, object]) -> None:
        """Record parameters."""

    def metrics(self, values: Mapping[str, float]) -> None:
        """Record metrics."""

    def figure(self, figure: Any, name: str) -> None:
        """Record a matplotlib figure as ``figures/<name>.png``."""

    def spark_model(self, model: Any, name: str, example: Any) -> None:
        """Record a fitted Spark ML model with the signature of ``example``."""
