"""The only room that knows Delta and paths."""

from spark_app.tables.delta import Tables

__all__ = ["Tables"]
