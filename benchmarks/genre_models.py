"""All eight classifiers on three catalogues: five artist folds, then one random and one time split; scikit-learn's
forest, gradient boosting and SVM beside them, on the same prepared rows of the artist folds.

Run: ``python -m benchmarks.genre_models [--work FOLDER] [--catalogues …] [--models …]``. Each finished fit is a line of
``benchmarks/results/genre_models.jsonl``, with its commit, and is not fitted again; lakes are kept in FOLDER. At the
end a table per catalogue goes to ``benchmarks/results/genre_models.json``: means and deviations over the artist
folds, the mean of the folds' interval bounds, and the one value of the random and the time split. Catalogues:
``spotify_songs``, ``music_genre_50k``, and ``tracks_69k``, of which the 20,000 tracks with the smallest hashes are
taken, their genre groups as labels.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import heapq
import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING

from benchmarks import references
from benchmarks.record import RESULTS, commit, context_on, real_data, run_jobs, save
from spark_app.classify.candidates import CANDIDATES, chosen
from spark_app.columns import ALL
from spark_app.errors import DataError
from spark_app.features.splits import ARTIST_KIND, RANDOM_KIND, TIME_KIND
from spark_app.jobs import curate_tracks, ingest_catalogue, make_splits
from spark_app.jobs.genre_folds import measure_fold
from spark_app.jobs.genre_tasks import task_of
from spark_app.spark_conf import planned_for

if TYPE_CHECKING:
    from spark_app.jobs.base import Context
    from spark_app.jobs.genre_tasks import Task

FITS = [(ARTIST_KIND, fold) for fold in range(5)] + [(RANDOM_KIND, 0), (TIME_KIND, 0)]
METRICS = ("accuracy", "balanced_accuracy", "macro_f1", "log_loss", "macro_auc", "ece")
SHOWN = (*METRICS, "ece_before", "majority_accuracy")
MOST_TRACKS, MOST_LABELLED = 20_000, 50_000
SIZE = ("classify.trees=200", "classify.depth=20")  # the defaults are small, for a first run
TARGETS = {"spotify_songs": "genre", "music_genre_50k": "genre", "tracks_69k": "group"}
MODELS = [*CANDIDATES, *references.ESTIMATORS]

Fit = dict[str, object]


def main() -> int:
    """Fit what is missing, print and write the tables."""
    args = _parser().parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    journal, measured_on = RESULTS / "genre_models.jsonl", commit()
    for catalogue in args.catalogues:
        options = [
            *_sources(catalogue, args.work),
            *SIZE,
            f"tables.root={args.work}/{catalogue}",
            f"run.build={args.work}/build",
        ]
        # No catalogue holds more labelled tracks than that.
        with context_on(*options) as context, planned_for(context.spark, MOST_LABELLED):
            for fit in _missing_fits(context, catalogue, args.models, _done(journal)):
                with journal.open("a") as lines:
                    lines.write(json.dumps({**fit, "commit": measured_on}) + "\n")
                print(_line(fit), flush=True)
    fits = list(_done(journal).values())
    tables = {name: _table([fit for fit in fits if fit["catalogue"] == name]) for name in args.catalogues}
    hours = round(sum(float(str(fit["seconds"])) for fit in fits) / 3600, 2)
    for name, table in tables.items():
        width = max((len(model) for model in table), default=0)
        print(f"\n{name}\n" + "\n".join(f"{model:<{width}} {values['artist']}" for model, values in table.items()))
    print(
        f"\n{len(fits)} fits, {hours} hours; written: {save('genre_models', {'tables': tables, 'hours': hours}).name}"
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("build/genre_models"))
    parser.add_argument("--catalogues", nargs="+", choices=list(TARGETS), default=list(TARGETS))
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    return parser


def _sources(catalogue: str, work: Path) -> list[str]:
    data = real_data()
    if catalogue == "spotify_songs":
        return [f"sources.tracks={data}/spotify_songs/spotify_songs.csv"]
    if catalogue == "music_genre_50k":
        return [f"sources.tracks={data}/music_genre_50k/music_genre.csv"]
    part = work / "tracks_part.csv"
    if not part.is_file():
        _hashed_part(data / "tracks_69k" / "tracks.csv", part)
    return [f"sources.tracks={part}", f"sources.artists={data}/tracks_69k/artists.csv"]


def _hashed_part(whole: Path, part: Path) -> None:
    """The rows whose identifiers have the smallest SHA-256, in the order of the file."""
    with whole.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    at = rows[0].index("id")
    hashes = [(hashlib.sha256(row[at].encode()).hexdigest(), place) for place, row in enumerate(rows[1:], start=1)]
    places = sorted(place for _, place in heapq.nsmallest(MOST_TRACKS, hashes))
    with part.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([rows[0], *(rows[place] for place in places)])


def _done(journal: Path) -> dict[tuple[object, ...], Fit]:
    lines = journal.read_text().splitlines() if journal.is_file() else []
    return {_key(fit): fit for fit in map(json.loads, lines)}


def _key(fit: Fit) -> tuple[object, ...]:
    return fit["catalogue"], fit["split"], fit["fold"], fit["model"]


def _missing_fits(
    context: Context, catalogue: str, models: Iterable[str], done: dict[tuple[object, ...], Fit]
) -> Iterator[Fit]:
    if not context.tables.exists("models.splits"):
        run_jobs(context, [ingest_catalogue.JOB, curate_tracks.JOB, make_splits.JOB])
    tracks, first = context.tables.read("curated.tracks"), None
    for split in dict.fromkeys(split for split, _ in FITS):
        try:
            task = task_of(context, tracks, kind=split, target=TARGETS[catalogue], first=first)
        except DataError as missing:  # no dates, hence no time split
            print(f"{catalogue}: {missing}")
            continue
        first = first or task
        for fold in [fold for of, fold in FITS if of == split]:
            for model in models:
                is_asked = model in CANDIDATES or split == ARTIST_KIND
                if is_asked and (catalogue, split, fold, model) not in done:
                    yield _fit(task, catalogue, fold, model)
        task.rows.unpersist()


def _fit(task: Task, catalogue: str, fold: int, model: str) -> Fit:
    started = time.monotonic()
    values = (
        references.measure(task, fold, model) if model in references.ESTIMATORS else _application(task, fold, model)
    )
    seconds = round(time.monotonic() - started, 1)
    fit = {"catalogue": catalogue, "split": task.kind, "fold": fold, "model": model, "seconds": seconds}
    return {**fit, "metrics": values}


def _application(task: Task, fold: int, model: str) -> dict[str, list[float | None]]:
    """Metric -> value and bounds of its interval; those of the majority and the calibration error before as well."""
    found = {one.model: one for one in measure_fold(task, fold, chosen([model]))}
    metrics = {m.name: m for m in found[model].test.metrics if m.genre == ALL}
    values: dict[str, list[float | None]] = {
        name: [metrics[name].value, metrics[name].low, metrics[name].high] for name in METRICS if name in metrics
    }
    raw = found[model].raw
    values["majority_accuracy"] = [found["majority"].test.value("accuracy"), None, None]
    values["ece_before"] = [raw.value("ece") if raw else None, None, None]
    return values


def _line(fit: Fit) -> str:
    metrics = fit["metrics"]
    assert isinstance(metrics, dict)
    value, low, high = metrics["accuracy"]
    where = f"{fit['catalogue']} {fit['split']} {fit['fold']}"
    interval = "" if low is None else f" [{low:.4f}, {high:.4f}]"
    return f"{where:<28} {fit['model']:<26} accuracy {value:.4f}{interval}   {fit['seconds']} s"


def _table(fits: list[Fit]) -> dict[str, dict[str, object]]:
    models = dict.fromkeys(str(fit["model"]) for fit in fits)
    return {
        model: {
            split: _summary([fit for fit in fits if fit["model"] == model and fit["split"] == split])
            for split in (ARTIST_KIND, RANDOM_KIND, TIME_KIND)
        }
        for model in models
    }


def _summary(fits: list[Fit]) -> dict[str, object]:
    """Per metric: mean over the folds, standard deviation, means of the interval's bounds where there is one."""
    found: dict[str, object] = {}
    for name in SHOWN:
        cells = [fit["metrics"][name] for fit in fits if name in fit["metrics"]]  # type: ignore[index, operator]
        if not cells:
            continue
        values = [value for value, _, _ in cells]
        bounds = [round(mean(cell[at] for cell in cells), 4) for at in (1, 2)] if cells[0][1] is not None else None
        found[name] = {"mean": round(mean(values), 4), "sd": round(stdev(values), 4) if len(values) > 1 else None,
                       "interval": bounds}  # fmt: skip
    return found


if __name__ == "__main__":
    raise SystemExit(main())
