"""What reaches MLflow, and what stays in the journal where MLflow is away."""

from __future__ import annotations

import contextlib
import io
import json
import math
import socket
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

from spark_app.tracking import Tracker
from spark_app.tracking.delivery import Delivery, RefusedError
from spark_app.tracking.journal import Journal, read_journal
from spark_app.tracking.server import Server


@pytest.fixture
def make_tracker(tmp_path):
    def build(uri="", *, timeout=1.0, name="pipeline-1"):
        return Tracker(
            uri or f"sqlite:///{tmp_path}/mlflow.db",
            "songs",
            timeout_seconds=timeout,
            spool_folder=tmp_path / "spool",
            run_name=name,
            tags={"spark_app.settings_hash": "abc"},
        )

    return build


def run_one_job(tracker):
    """A parent with one child, which records one of everything but a model; returns the seconds that MLflow took."""
    from matplotlib.figure import Figure

    Figure().savefig(io.BytesIO())  # the first one takes its time
    started = time.monotonic()
    tracker.open({"similar.k": 10, "tracking.uri": "https://me:secret@mlflow.example"})
    job = tracker.job("train_genre_classifiers")
    job.params({"trees": 30})
    job.metrics({"f1/r&b": 0.5, "recall": math.nan})
    job.figure("confusion forest", Figure)
    job.figure("broken", lambda: 1 / 0)
    job.input_table("curated.tracks", "lake/curated/tracks", 3)
    job.finish("FINISHED", {"seconds": 1.5})
    tracker.finish("FINISHED", {"seconds": 2.0})
    return time.monotonic() - started


def runs_in(uri):
    """Runs of the experiment by name."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("songs")
    return client, {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}


def assert_one_of_everything(uri):
    client, runs = runs_in(uri)
    parent, child = runs["pipeline-1"], runs["train_genre_classifiers"]
    assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert parent.data.params == {"similar.k": "10", "tracking.uri": "https://***@mlflow.example"}
    assert child.data.params == {"trees": "30"}
    assert child.data.metrics["f1/r_b"] == 0.5  # MLflow takes no ampersand in a name
    assert math.isnan(child.data.metrics["recall"])
    assert (child.data.metrics["seconds"], parent.data.metrics["seconds"]) == (1.5, 2.0)
    assert [part.path for part in client.list_artifacts(child.info.run_id, "figures")] == [
        "figures/confusion_forest.png"
    ]
    (given,) = child.inputs.dataset_inputs
    assert json.loads(given.dataset.source) == {"path": "lake/curated/tracks", "delta_table_version": 3}
    assert {parent.info.status, child.info.status} == {"FINISHED"}


def test_parent_and_child_reach_a_new_sqlite_file_and_the_journal_is_gone(make_tracker, tmp_path):
    tracker = make_tracker()
    run_one_job(tracker)
    assert tracker.warning == ""
    assert_one_of_everything(f"sqlite:///{tmp_path}/mlflow.db")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mlartifacts", "mlflow.db"]


def test_a_logged_model_has_a_signature_and_gives_the_same_output(spark, make_tracker, tmp_path):
    import mlflow.spark
    from pyspark.ml import Pipeline
    from pyspark.ml.classification import LogisticRegression
    from pyspark.ml.feature import VectorAssembler

    rows = spark.createDataFrame([(0.0, 0.0), (1.0, 1.0), (0.1, 0.0), (0.9, 1.0)], "energy double, label double")
    stages = [VectorAssembler(inputCols=["energy"], outputCol="x"), LogisticRegression(featuresCol="x")]
    model = Pipeline(stages=stages).fit(rows)
    tracker = make_tracker()
    tracker.open({})
    job = tracker.job("train")
    job.spark_model(model, "forest", rows.select("energy"))
    for sha in ("1a", "2b"):
        job.champion("forest", "genre_classifier", {"sha256": sha})
    tracker.finish("FINISHED", {})
    assert tracker.warning == ""

    client, runs = runs_in(f"sqlite:///{tmp_path}/mlflow.db")
    saved = f"{runs['train'].info.artifact_uri}/forest"
    info = mlflow.models.get_model_info(saved)
    assert info.signature.inputs.input_names() == ["energy"]
    assert info.run_id == runs["train"].info.run_id
    assert json.loads(runs["train"].data.tags["mlflow.log-model.history"])[0]["artifact_path"] == "forest"
    reloaded = mlflow.spark.load_model(saved, dfs_tmpdir=str(tmp_path / "dfs"))
    predictions = [row.prediction for row in reloaded.transform(rows).select("prediction").collect()]
    assert predictions == [row.prediction for row in model.transform(rows).select("prediction").collect()]

    champion = client.get_model_version_by_alias("genre_classifier", "champion")
    found = (str(champion.version), champion.tags, champion.run_id)
    assert found == ("2", {"sha256": "2b"}, runs["train"].info.run_id)
    assert client.get_model_version_download_uri("genre_classifier", "2") == saved


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_closed_port_costs_little_and_the_journal_replays_to_the_same_runs(make_tracker, tmp_path):
    tracker = make_tracker(f"http://me:secret@127.0.0.1:{closed_port()}")
    assert run_one_job(tracker) < 1
    assert tracker.warning.startswith("MLflow at http://127.0.0.1")
    assert "secret" not in tracker.warning
    assert str(tmp_path / "spool") in tracker.warning

    uri = f"sqlite:///{tmp_path}/later.db"
    server = Server(uri, "songs", folder=tmp_path / "spool", timeout_seconds=1)
    server.open()
    for record in read_journal(tmp_path / "spool"):
        server.apply(record)
    assert_one_of_everything(uri)


def test_a_server_that_never_answers_costs_the_timeout_once(make_tracker, tmp_path):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        tracker = make_tracker(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=1.0)
        assert run_one_job(tracker) < 2
    assert "away" in tracker.warning
    assert len(read_journal(tmp_path / "spool")) == 11


class Fake:
    """Takes records until it has taken ``healthy`` of them; refuses metrics where asked to."""

    def __init__(self, healthy=99, *, refuses=False, seconds=0.0):
        self.run_ids = {"": "r1"}
        self.taken = []
        self.healthy, self.refuses, self.seconds = healthy, refuses, seconds

    def open(self):
        pass

    def apply(self, record):
        time.sleep(self.seconds)
        if len(self.taken) == self.healthy:
            raise ConnectionResetError(104, "Connection reset by peer")
        if self.refuses and record["kind"] == "metrics":
            raise RefusedError("INVALID_PARAMETER_VALUE")
        self.taken.append(record["kind"])


@pytest.fixture
def make_journal(tmp_path):
    def build(fake, patience=1.0):
        delivery = Delivery(fake, tmp_path / "spool", patience)
        delivery.start()
        return delivery, Journal(tmp_path / "spool", delivery.put)

    return build


def test_a_server_that_goes_away_half_way_leaves_the_count_of_what_it_took(make_journal, tmp_path):
    delivery, journal = make_journal(Fake(healthy=2))
    for kind in ("start", "params", "metrics", "end"):
        journal.add("", kind)
    assert not delivery.finish()
    assert [record["kind"] for record in read_journal(tmp_path / "spool")] == ["start", "params", "metrics", "end"]
    assert json.loads((tmp_path / "spool/delivered.json").read_text()) == {"records": 2, "run_ids": {"": "r1"}}


def test_a_refused_record_holds_up_no_other(make_journal):
    fake = Fake(refuses=True)
    delivery, journal = make_journal(fake)
    for kind in ("start", "metrics", "end"):
        journal.add("", kind)
    assert delivery.finish()
    assert fake.taken == ["start", "end"]
    assert delivery.refused == ["metrics: INVALID_PARAMETER_VALUE"]


def test_a_dripping_server_cannot_stretch_the_wait(make_journal):
    delivery, journal = make_journal(Fake(seconds=0.15), patience=0.4)
    for _ in range(20):  # 3 s in all, and never silent for 0.4 s
        journal.add("", "params")
    started = time.monotonic()
    assert not delivery.finish()
    assert time.monotonic() - started < 1.5


def test_a_large_file_is_waited_for_longer(make_journal):
    fake = Fake(seconds=1.5)
    delivery, journal = make_journal(fake, patience=1.0)
    path = journal.place("model.bin")
    path.write_bytes(b"0" * 200_000)  # 2 s at the slowest rate that counts as alive
    journal.add("", "file", path=journal.relative(path), folder="")
    assert delivery.finish()
    assert fake.taken == ["file"]


def test_a_line_that_a_killed_process_left_by_half_is_left_out(make_journal, tmp_path):
    delivery, journal = make_journal(Fake())
    journal.add("", "params", values={"a": "1"})
    with (tmp_path / "spool/records.jsonl").open("a") as file:
        file.write('{"run": "", "ki')
    assert [record["values"] for record in read_journal(tmp_path / "spool")] == [{"a": "1"}]
    assert delivery.finish()


def test_a_database_of_an_old_schema_is_named_with_its_remedy(make_tracker, tmp_path):
    first = make_tracker()
    first.open({})
    first.finish("FINISHED", {})
    with contextlib.closing(sqlite3.connect(tmp_path / "mlflow.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '451aebb31d03'")
        database.commit()
    # mlflow keeps the databases that it has checked in this process, by name.
    (tmp_path / "mlflow.db").rename(tmp_path / "old.db")
    tracker = make_tracker(f"sqlite:///{tmp_path}/old.db")
    tracker.open({})
    tracker.finish("FINISHED", {})
    assert "old schema" in tracker.warning
    assert "mlflow db upgrade" in tracker.warning


def test_two_processes_may_make_the_database_at_the_same_time(tmp_path):
    code = (
        "import sys; from spark_app.tracking.server import Server; from pathlib import Path\n"
        f"Server('sqlite:///{tmp_path}/new/mlflow.db', 'songs', folder=Path('.'), timeout_seconds=1).open()"
    )
    both = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True) for _ in range(2)]
    errors = [process.communicate(timeout=60)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], errors
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["mlflow.db"]


def test_an_experiment_that_another_process_makes_in_the_meantime_is_taken(tmp_path, monkeypatch):
    from mlflow import MlflowClient

    uri = f"sqlite:///{tmp_path}/mlflow.db"
    Server(uri, "songs", folder=tmp_path, timeout_seconds=1).open()
    real, asked = MlflowClient.get_experiment_by_name, []
    late = Server(uri, "songs", folder=tmp_path, timeout_seconds=1)
    monkeypatch.setattr(
        MlflowClient,
        "get_experiment_by_name",
        lambda self, name: asked.append(name) if not asked else real(self, name),
    )
    late.open()  # its first look finds none, so that it makes what is there
    assert asked == ["songs"]


def test_importing_the_package_does_not_import_mlflow():
    code = "import sys, spark_app.tracking; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.fixture
def ui(tmp_path):
    """A real server, as ``mlflow ui`` starts it; gives its address and a function that ends it."""
    port = closed_port()
    command = [sys.executable, "-m", "mlflow", "ui", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += [
        "--backend-store-uri",
        f"sqlite:///{tmp_path}/server.db",
        "--artifacts-destination",
        str(tmp_path / "art"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.2):
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", lambda: stop(process)
    finally:
        stop(process)


def stop(process):
    import os
    import signal

    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # the server's own workers are in this group
    process.wait()


@pytest.mark.slow
def test_a_real_server_shows_the_runs_and_its_death_costs_no_record(ui, make_tracker, tmp_path, capfd):
    address, kill = ui
    whole = make_tracker(address, timeout=60.0)  # a busy machine may take its time
    run_one_job(whole)
    assert whole.warning == ""
    assert capfd.readouterr().out == ""  # mlflow would print the address of each run
    assert_one_of_everything(address)

    half = make_tracker(address, timeout=4.0, name="pipeline-2")
    half.open({})
    for _ in range(600):
        if (tmp_path / "spool/delivered.json").exists():
            break
        time.sleep(0.05)
    kill()
    half.job("late").metrics({"recall": 1.0})
    started = time.monotonic()
    half.finish("FINISHED", {})
    assert time.monotonic() - started < 5
    assert "away" in half.warning
    assert [r["values"] for r in read_journal(tmp_path / "spool") if r["kind"] == "metrics"] == [{"recall": 1.0}]


def test_records_of_several_threads_are_delivered_in_the_order_of_the_file(make_journal, tmp_path):
    fake = Fake()
    delivery, journal = make_journal(fake)
    kinds = [f"k{i}" for i in range(40)]
    threads = [threading.Thread(target=journal.add, args=("", kind)) for kind in kinds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert delivery.finish()
    assert fake.taken == [record["kind"] for record in read_journal(tmp_path / "spool")]
    assert sorted(fake.taken) == sorted(kinds)
