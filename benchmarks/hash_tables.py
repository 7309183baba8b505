"""Engine ``lsh`` on real text vectors: recall, distinct pairs compared, and from how many rows it is the faster one.

Run: ``python -m benchmarks.hash_tables``. The 40,000 words of ``glove.6B.50d.top40k``, cosine, k = 10, asked for a
recall of 0.95. Distinct pairs are counted over every eighth word and all others, each once however many buckets it
shares. Then both engines build in full and search 5,000 of the rows, for as many rows as ``--rows`` names; beyond
40,000 these are words drawn with replacement and moved by a tenth of a feature's deviation. Seconds for all rows are
those of the build plus the sample's, extrapolated.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from benchmarks.record import real_data, save
from spark_app.similarity.engines import built
from spark_app.similarity.hash_tables import HashTables
from spark_app.similarity.shard import Shard, Tracks
from spark_app.similarity.tuning import TOLERANCE, Goal, choose

K, RECALL, MOST_PAIRS = 10, 0.95, 0.15
SAMPLE = 5_000
Figures = dict[str, Any]


def main() -> int:
    """Measure, print, write the figures; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 40_000, 160_000, 1_000_000])
    args = parser.parse_args()
    words = _words()
    found = _on_words(words)
    print(found, flush=True)
    growth = {}
    for rows in args.rows:
        growth[rows] = _both(_as_many(words, rows), found["parameters"])
        print(f"{rows:,}", growth[rows], flush=True)
    faster = [rows for rows, one in growth.items() if one["lsh_seconds"] < one["exact_seconds"]]
    overtakes = min(faster) if faster else "none"
    print(f"lsh overtakes exact at: {overtakes}")
    figures = {**found, "growth": growth, "overtakes_exact_at": overtakes}
    print(f"written: {save('hash_tables', figures).name}")
    return int(found["recall"] < RECALL or found["distinct_pairs"] > MOST_PAIRS)


def _words() -> np.ndarray:
    path = real_data() / "glove" / "glove.6B.50d.top40k.txt"
    with path.open(encoding="utf-8") as lines:
        return np.array([line.split(" ")[1:] for line in lines], dtype=float)


def _on_words(words: np.ndarray) -> Figures:
    tracks = Tracks.of(words, "cosine")
    started = time.monotonic()
    choice = choose(tracks, Goal(k=K, recall=RECALL, engine="lsh"))
    tuned = time.monotonic()
    shard = Shard(tracks, choice.engine, choice.searcher)
    everyone = np.arange(len(words))
    _, distance = shard.neighbours(everyone, K)
    searched = time.monotonic()
    exact = Shard(tracks, "exact", built("exact", tracks.space.rows[:1], {}, seed=1))
    _, truth = exact.neighbours(everyone, K)
    brute = time.monotonic()
    right = distance <= truth[:, -1:] * TOLERANCE
    return {
        "rows": len(words),
        "engine": choice.engine,
        "parameters": dict(choice.parameters),
        "recall": round(float(right.mean()), 4),
        "distinct_pairs": round(_distinct_pairs(choice.searcher), 4),
        "compared_pairs": round(shard.compared / len(words) ** 2, 4),
        "tuning_seconds": round(tuned - started, 1),
        "search_seconds": round(searched - tuned, 1),
        "exact_seconds": round(brute - searched, 1),
    }


def _distinct_pairs(tables: Any) -> float:
    """Share of the pairs of every eighth row with all rows that meet in a bucket of one of the tables."""
    if not isinstance(tables, HashTables):
        return 1.0
    codes = tables.codes(tables.rows)
    asked, met = codes[:: max(1, len(codes) // SAMPLE)], 0
    for start in range(0, len(asked), 500):
        block = np.zeros((len(asked[start : start + 500]), len(codes)), dtype=bool)
        for table in range(codes.shape[1]):
            block |= asked[start : start + 500, table][:, None] == codes[:, table][None]
        met += int(block.sum()) - len(block)  # a row meets itself
    return met / (len(asked) * (len(codes) - 1))


def _as_many(words: np.ndarray, rows: int) -> np.ndarray:
    if rows <= len(words):
        return words[:rows]
    random = np.random.default_rng(4)
    drawn = words[random.integers(0, len(words), rows)]
    moved: np.ndarray = drawn + 0.1 * words.std(axis=0) * random.normal(size=drawn.shape)
    return moved


def _both(vectors: np.ndarray, parameters: dict[str, float]) -> Figures:
    """Of both engines; ``lsh`` has a bit more for each doubling beyond the words, so that buckets keep their size."""
    tracks = Tracks.of(vectors, "cosine")
    more = max(0, round(float(np.log2(len(vectors) / 40_000))))
    asked = {**parameters, "bits": parameters["bits"] + more}
    queries = np.sort(np.random.default_rng(6).choice(len(vectors), SAMPLE, replace=False))
    found: Figures = {"bits": asked["bits"], "tables": asked["tables"]}
    answers = {}
    for engine, given in (("lsh", asked), ("exact", {})):
        started = time.monotonic()
        rows = tracks.space.rows if engine == "lsh" else tracks.space.rows[:1]
        shard = Shard(tracks, engine, built(engine, rows, given, seed=42))
        ready = time.monotonic()
        answers[engine] = shard.neighbours(queries, K)[1]
        per_query = (time.monotonic() - ready) / SAMPLE
        found[f"{engine}_seconds"] = round(ready - started + per_query * len(vectors), 1)
    found["recall"] = round(float((answers["lsh"] <= answers["exact"][:, -1:] * TOLERANCE).mean()), 4)
    return found


if __name__ == "__main__":
    raise SystemExit(main())
