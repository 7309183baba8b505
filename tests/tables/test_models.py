"""Models below a root: what was saved is what is loaded, or nothing is."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.ml import PipelineModel

from spark_app.errors import DataError
from spark_app.features.scaling import FeatureScaler
from spark_app.tables.models import delete_model, load_model, save_model


@pytest.fixture
def saved(spark, tmp_path):
    rows = spark.createDataFrame([(1.0,), (3.0,)], "tempo double")
    model = PipelineModel(stages=[FeatureScaler(inputCols=["tempo"]).fit(rows)])
    root = str(tmp_path / "lake")
    return rows, model, root, save_model(spark, root, "models/champion_files/a", model)


def test_a_saved_model_gives_the_same_output_and_its_files_are_known(spark, saved):
    rows, model, root, stored = saved
    again = load_model(spark, root, stored.folder, files=stored.files)
    assert again.transform(rows).collect() == model.transform(rows).collect()
    # Counted by the file system itself; hidden files are not part of a model.
    paths = [p for p in Path(root, stored.folder).rglob("*") if p.is_file() and p.name[0] not in "._"]
    assert [line.split(" ")[1] for line in stored.files] == sorted(
        p.relative_to(Path(root, stored.folder)).as_posix() for p in paths
    )
    assert stored.n_bytes == sum(p.stat().st_size for p in paths)


@pytest.mark.parametrize("change", ["a byte", "a missing file", "a new file"])
def test_a_changed_model_is_refused_by_the_name_of_the_file(spark, saved, change):
    _, _, root, stored = saved
    part = next(path for path in Path(root, stored.folder, "metadata").glob("part-*"))
    if change == "a byte":
        part.write_bytes(part.read_bytes().replace(b"timestamp", b"timestomp", 1))
        part.with_name(f".{part.name}.crc").unlink()
    elif change == "a missing file":
        part.unlink()
    else:
        part.with_name("part-99999").write_text("{}")
    with pytest.raises(DataError, match="is not what was saved: 1 files differ, such as metadata/part-"):
        load_model(spark, root, stored.folder, files=stored.files)


def test_a_deleted_model_is_named_as_gone(spark, saved):
    _, _, root, stored = saved
    delete_model(spark, root, stored.folder)
    assert not Path(root, stored.folder).exists()
    with pytest.raises(DataError, match=r"there is no model in .*/champion_files/a"):
        load_model(spark, root, stored.folder, files=stored.files)
    delete_model(spark, root, stored.folder)
