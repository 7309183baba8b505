"""Runs, parameters, metrics, figures, models and input tables, recorded for MLflow.

Everything is first written to a journal below the run's folder; a thread delivers it to MLflow meanwhile. A job never
waits for MLflow, and nothing is lost where MLflow is away: the journal stays, in the form that a later sync replays.
``server`` is the only module that imports mlflow.
"""

from spark_app.tracking.tracker import JobRun, Tracker, without_password

__all__ = ["JobRun", "Tracker", "without_password"]
