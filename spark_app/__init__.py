"""Music-catalogue machine learning on Spark: curate, normalise, classify, cluster, find similar tracks, recommend."""

__version__ = "0.1.0"
