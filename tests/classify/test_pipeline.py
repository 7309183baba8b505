"""Preparation and classifiers."""

from __future__ import annotations

import numpy as np
import pytest
from pyspark.ml import PipelineModel

from spark_app.classify import pipeline
from spark_app.classify.growing import GrownForest

LABELS = ["jazz", "pop", "rock"]
FEATURES = ["tempo", "energy"]


@pytest.fixture
def rows(spark):
    """Three well separated clouds, one row each with a missing tempo."""
    rng = np.random.default_rng(2)
    centres = {"jazz": (90, 0.2), "pop": (120, 0.5), "rock": (150, 0.8)}
    data = [
        (f"{label}{i:02}", label, None if i == 7 else float(tempo + rng.normal()), float(energy + 0.01 * rng.normal()))
        for label, (tempo, energy) in centres.items()
        for i in range(20)
    ]
    return spark.createDataFrame(data, "track_id string, label string, tempo double, energy double")


def prepared(rows):
    indexed = pipeline.with_label_index(rows, labels=LABELS)
    preparation = pipeline.fit_preparation(indexed, features=FEATURES)
    return preparation, preparation.transform(indexed)


def test_the_vector_holds_z_scores_of_imputed_values_and_the_indicators(rows):
    _, frame = prepared(rows)
    table = frame.select("track_id", "tempo", "energy", "features").toPandas()  # 60 rows
    # NumPy on the same rows.
    filled = table[["tempo", "energy"]].fillna(table[["tempo", "energy"]].median())
    expected = np.column_stack([(filled - filled.mean()) / filled.std(ddof=0), table["tempo"].isna()])
    assert np.stack([vector.toArray() for vector in table["features"]]) == pytest.approx(expected, abs=1e-9)


def test_an_undeclared_label_has_no_index_and_all_declared_ones_stand_in_the_metadata(spark):
    frame = spark.createDataFrame([("pop",), ("jazz",), ("polka",), (None,)], "label string")
    indexed = pipeline.with_label_index(frame, labels=LABELS)
    assert [row.label_index for row in indexed.collect()] == [1.0, 0.0, None, None]
    assert indexed.schema["label_index"].metadata["ml_attr"]["vals"] == LABELS


def test_a_whole_pipeline_names_the_labels_and_reloads_to_the_same_output(rows, tmp_path):
    preparation, frame = prepared(rows)
    assert pipeline.vector_size(preparation) == 3
    whole = pipeline.whole_pipeline(preparation, GrownForest(trees=15, nLabels=3).fit(frame), labels=LABELS)

    # A missing tempo looks like the middle cloud's: the model need not see through that.
    wrong = whole.transform(rows).where("tempo is not null and label != predicted_label")
    assert wrong.count() == 0

    whole.save(str(tmp_path / "model"))
    again = PipelineModel.load(str(tmp_path / "model")).transform(rows)
    assert again.collect() == whole.transform(rows).collect()
