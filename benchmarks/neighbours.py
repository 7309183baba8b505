"""Nearest neighbours at a recall: the application beside single-process FAISS on generated rows, Delta in and out.

Run: ``python -m benchmarks.neighbours [--rows 500000 1000000]``. Rows are normal with the real moments of the genre
groups of ``tracks_69k``, once as one group and once in its groups, k = 10, recall 0.99. Both sides read the rows from
a Delta table and write the neighbours to one, with two cores; the session is started before. FAISS is tuned before, to
the fastest lists and probes that reach the recall, and its tuning is not timed; ours tunes itself, and that is.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import one_process
from benchmarks.one_process import groups_of
from benchmarks.record import context_on_scratch, save
from benchmarks.vectors import generated, moments_of, real_members, sources_of, store
from spark_app.columns import AUDIO12_Z, DISTANCE, GENRE_GROUP, TRACK_ID
from spark_app.similarity.exact import nearest
from spark_app.similarity.neighbors import NearestNeighbors
from spark_app.similarity.tuning import TOLERANCE, lists_for

if TYPE_CHECKING:
    import pyarrow as pa

    from spark_app.jobs.base import Context

K, RECALL, SAMPLE, THREADS = 10, 0.99, 1_000, 2
FLAT_ROWS = 20_000  # groups of at most so many rows are searched flat by FAISS, as by the application
MOST_TIMES_FAISS, MOST_ADDED_GROWTH = 1.5, 0.1
Figures = dict[str, Any]


def main() -> int:
    """Measure, print, write the figures; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[500_000, 1_000_000])
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    found: dict[str, Figures] = {}
    with context_on_scratch(*sources_of("tracks_69k")) as context:
        moments = moments_of(real_members(context))
        for rows in args.rows:
            table = generated(moments, rows)
            for name in ("ungrouped", "grouped"):
                found[f"{name} {rows}"] = _compared(context, _as(table, name), args.runs)
                print(f"{name} {rows:,}", found[f"{name} {rows}"], flush=True)
    bars = _bars(found, args.rows)
    for bar, (value, is_met) in bars.items():
        print(f"{bar}: {value} {'met' if is_met else 'MISSED'}")
    shown = {bar: {"value": value, "met": is_met} for bar, (value, is_met) in bars.items()}
    path = save("neighbours", {"k": K, "recall": RECALL, "cases": found, "bars": shown})
    print(f"written: {path.name}")
    return int(not all(is_met for _, is_met in bars.values()))


def _as(table: pa.Table, name: str) -> pa.Table:
    if name == "grouped":
        return table
    import pyarrow as pa

    one = pa.repeat(pa.scalar("all tracks"), table.num_rows)
    return table.set_column(table.column_names.index(GENRE_GROUP), GENRE_GROUP, one)


def _compared(context: Context, table: pa.Table, runs: int) -> Figures:
    root = Path(context.settings.root)
    folder = store(table, root / "generated")
    truth = _truth(table)
    best = _tuned_faiss(table, truth)
    ours: list[Figures] = []
    theirs: list[Figures] = []
    for _ in range(runs):  # by turns, since the machine's speed wanders
        ours.append(_ours(context, folder, truth))
        theirs.append(_faiss(folder, root / "faiss", truth, best))
    return {"application": _median(ours), "faiss": {**_median(theirs), "lists_and_probes": best}}


def _median(runs: list[Figures]) -> Figures:
    ordered = sorted(runs, key=lambda run: float(run["seconds"]))
    return {**ordered[len(ordered) // 2], "runs": [run["seconds"] for run in runs]}


def _truth(table: pa.Table) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Group -> ids of sampled tracks and the exact distance of their k-th neighbours, by brute force."""
    found = {}
    for group, ids, vectors in groups_of(table):
        n = max(20, SAMPLE * len(ids) // table.num_rows)
        sample = np.sort(np.random.default_rng(5).choice(len(ids), min(n, len(ids)), replace=False))
        found[group] = (ids[sample], nearest(vectors, k=K, queries=sample)[1][:, -1])
    return found


def _ours(context: Context, folder: str, truth: dict[str, tuple[np.ndarray, np.ndarray]], **asked: Any) -> Figures:
    started = time.monotonic()
    members = context.spark.read.format("delta").load(folder)
    estimator = NearestNeighbors(
        inputCols=list(AUDIO12_Z), folder=f"{context.settings.root}/index", k=K, targetRecall=RECALL, **asked
    )
    model = estimator.fit(members)
    built = time.monotonic()
    context.tables.write_arranged("results.neighbours", model.neighbours(members))
    seconds = time.monotonic() - started
    shards = model.shards
    return {
        "seconds": round(seconds, 1),
        "build_seconds": round(built - started, 1),
        "recall": _recall(context.tables.path("results.neighbours"), truth),
        "engines": sorted({f"{shard.engine} {shard.parameters}" for shard in shards}),
        "pairs_share": round(sum(s.n_tracks * s.compared for s in shards) / sum(s.n_tracks**2 for s in shards), 5),
    }


def _recall(path: str, truth: dict[str, tuple[np.ndarray, np.ndarray]]) -> float:
    """Share of the sampled tracks' stored neighbours within the exact k-th distance; missing ones count as wrong."""
    import pyarrow.compute as pc
    import pyarrow.dataset as ds
    from deltalake import DeltaTable

    right = asked = 0
    stored = DeltaTable(path).to_pyarrow_dataset()
    for group, (ids, kth) in truth.items():
        wanted = (ds.field(GENRE_GROUP) == group) & pc.field(TRACK_ID).isin(list(ids))
        rows = stored.to_table(columns=[TRACK_ID, DISTANCE], filter=wanted).to_pandas()
        limit = dict(zip(ids, kth * TOLERANCE, strict=True))
        right += int((rows[DISTANCE] <= rows[TRACK_ID].map(limit)).sum())
        asked += K * len(ids)
    return round(right / asked, 5)


def _faiss(
    folder: str, out: Path, truth: dict[str, tuple[np.ndarray, np.ndarray]], best: dict[str, tuple[int, int]]
) -> Figures:
    """One process: one IVF (or flat, where a group is small) after the other."""
    import faiss

    faiss.omp_set_num_threads(THREADS)

    def search(group: str, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        squared, found = _faiss_search(vectors.astype(np.float32), best.get(group))
        return np.sqrt(squared), found

    searching, seconds = one_process.run(folder, out, search)
    recall = _recall_of_float32(str(out), truth)
    return {"seconds": seconds, "search_seconds": searching, "recall": recall}


def _recall_of_float32(path: str, truth: dict[str, tuple[np.ndarray, np.ndarray]]) -> float:
    # Its distances are float32: within 1e-5 they count as right.
    return _recall(path, {group: (ids, kth * (1 + 1e-5)) for group, (ids, kth) in truth.items()})


def _tuned_faiss(table: pa.Table, truth: dict[str, tuple[np.ndarray, np.ndarray]]) -> dict[str, tuple[int, int]]:
    """Group -> lists and probes that reach the recall on the sample in the least time; flat groups are left out."""
    import faiss

    faiss.omp_set_num_threads(THREADS)
    found = {}
    for group, ids, vectors in groups_of(table):
        if len(ids) <= FLAT_ROWS:
            continue
        rows, kth = vectors.astype(np.float32), truth[group][1]
        sample = np.isin(ids, truth[group][0])
        tried = []
        for lists in (lists_for(len(rows)) * factor // 2 for factor in (1, 2, 4)):
            started = time.monotonic()
            index = _trained(rows, lists)
            seconds = time.monotonic() - started
            probes, per_query = _probes(index, rows[sample], kth)
            tried.append((seconds + per_query * len(rows), lists, probes))
        found[group] = min(tried)[1:]
    return found


def _trained(rows: np.ndarray, lists: int) -> Any:
    import faiss

    index = faiss.index_factory(rows.shape[1], f"IVF{lists},Flat")
    index.train(rows)
    index.add(rows)
    return index


def _probes(index: Any, queries: np.ndarray, kth: np.ndarray) -> tuple[int, float]:
    """The fewest probes with the recall on the sample, and the seconds a query takes with them."""
    for probes in range(2, index.nlist):
        index.nprobe = probes
        started = time.monotonic()
        squared, _ = index.search(queries, K + 1)
        seconds = (time.monotonic() - started) / len(queries)
        if ((np.sqrt(squared) <= kth[:, None] * (1 + 1e-5)).sum(axis=1) - 1).mean() / K >= RECALL:
            return probes, seconds
    return int(index.nlist), seconds


def _faiss_search(rows: np.ndarray, best: tuple[int, int] | None) -> tuple[np.ndarray, np.ndarray]:
    import faiss

    if best is None:
        index = faiss.IndexFlatL2(rows.shape[1])
        index.add(rows)
    else:
        index = _trained(rows, best[0])
        index.nprobe = best[1]
    squared, found = index.search(rows, K + 1)
    return squared, found


def _bars(found: dict[str, Figures], sizes: list[int]) -> dict[str, tuple[float, bool]]:
    bars: dict[str, tuple[float, bool]] = {}
    for name, case in found.items():
        ours, theirs = case["application"], case["faiss"]
        times = ours["seconds"] / theirs["seconds"]
        bars[f"{name}: recall (at least {RECALL})"] = (ours["recall"], ours["recall"] >= RECALL)
        bars[f"{name}: times FAISS (at most {MOST_TIMES_FAISS})"] = (round(times, 2), times <= MOST_TIMES_FAISS)
        if name.startswith("ungrouped"):
            is_exact = any(engine.startswith("exact") for engine in ours["engines"])
            bars[f"{name}: auto is not exact"] = (float(not is_exact), not is_exact)
    for name in ("ungrouped", "grouped"):
        fewest, most = found[f"{name} {min(sizes)}"], found[f"{name} {max(sizes)}"]
        growth = {side: most[side]["seconds"] / fewest[side]["seconds"] for side in ("application", "faiss")}
        added = growth["application"] / growth["faiss"] - 1
        bars[f"{name}: growth beyond FAISS's (at most {MOST_ADDED_GROWTH})"] = (
            round(added, 3),
            added <= MOST_ADDED_GROWTH,
        )
    return bars


if __name__ == "__main__":
    raise SystemExit(main())
