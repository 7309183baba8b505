"""What finds candidates among the rows of one group: FAISS IVF and HNSW for vectors, and hash tables.

An engine finds; it does not decide. Whoever searches measures the candidates again in float64 (``shard.py``), so that
all engines give distances of one meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from spark_app.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

    from spark_app.similarity.hash_tuning import Hashing

EXACT, IVF, GRAPH, LSH, AUTO = "exact", "ivf", "graph", "lsh", "auto"
ENGINES = (AUTO, EXACT, LSH, IVF, GRAPH)

Parameters = Mapping[str, float]  # whole numbers but for the width of a bucket

_KMEANS_ROUNDS = 8
_POINTS_PER_LIST = 40  # of the sample that the lists' centres are learned from; FAISS asks for 39 at least
_LINKS = 16  # of a node of the graph, each way
_BUILD_BREADTH = 64


class Searcher(Protocol):
    """A built engine."""

    def search(self, queries: Any, n: int) -> tuple[np.ndarray, int]:
        """Candidates of each query, in any order.

        Args:
            queries: Of the search space: float32 of shape (n_queries, n_dimensions), or a sparse matrix of sets.
            n: Candidates to find.

        Returns:
            Positions of shape (n_queries, n), -1 where fewer were found; and how many rows were compared with
            queries, centres of lists among them.
        """
        ...

    def dump(self) -> bytes:
        """What ``loaded`` reads; empty where rows alone are enough."""
        ...


class _Exact:
    """Finds nothing: what an engine does not find is searched exactly by who asked it (``shard.py``)."""

    def search(self, queries: Any, n: int) -> tuple[np.ndarray, int]:
        import numpy as np

        return np.full((queries.shape[0], n), -1, dtype=np.int64), 0

    def dump(self) -> bytes:
        return b""


class _Ivf:
    """Lists around centres; the nearest ``probes`` lists of a query are compared with it."""

    def __init__(self, index: Any, parameters: Parameters) -> None:
        import faiss
        import numpy as np

        self.index, self.probes = index, min(int(parameters["probes"]), index.nlist)
        lists = [faiss.extract_index_ivf(index).get_list_size(number) for number in range(index.nlist)]
        self.sizes = np.array(lists, dtype=np.int64)

    @classmethod
    def build(cls, rows: np.ndarray, parameters: Parameters, seed: int) -> _Ivf:
        import faiss

        lists = min(int(parameters["lists"]), len(rows))
        index: Any = faiss.index_factory(rows.shape[1], f"IVF{lists},Flat")
        index.cp.niter, index.cp.seed = _KMEANS_ROUNDS, seed % 2**31
        index.cp.min_points_per_centroid, index.cp.max_points_per_centroid = 1, _POINTS_PER_LIST
        index.train(rows)
        index.add(rows)
        return cls(index, parameters)

    def search(self, queries: np.ndarray, n: int) -> tuple[np.ndarray, int]:
        import numpy as np

        near, lists = self.index.quantizer.search(queries, self.probes)
        # Queries of one list one after the other: they read the same lists, which then lie in the processor's cache.
        order = np.argsort(lists[:, 0], kind="stable")
        self.index.nprobe = self.probes
        _, found = self.index.search_preassigned(queries[order], n, lists[order], near[order])
        positions = np.empty_like(found)
        positions[order] = found
        compared = int(self.sizes[lists].sum()) + len(queries) * self.index.nlist
        return positions, compared

    def dump(self) -> bytes:
        import faiss

        return bytes(faiss.serialize_index(self.index).tobytes())


class _Graph:
    """A navigable small-world graph (Malkov and Yashunin 2016), walked from node to nearer node."""

    def __init__(self, index: Any, parameters: Parameters) -> None:
        self.index, self.breadth = index, int(parameters["breadth"])

    @classmethod
    def build(cls, rows: np.ndarray, parameters: Parameters, seed: int) -> _Graph:
        import faiss

        library: Any = faiss
        index = library.IndexHNSWFlat(rows.shape[1], _LINKS)
        index.hnsw.efConstruction = _BUILD_BREADTH
        index.hnsw.rng = library.RandomGenerator(seed % 2**31)
        index.add(rows)
        return cls(index, parameters)

    def search(self, queries: np.ndarray, n: int) -> tuple[np.ndarray, int]:
        import faiss

        counters: Any = faiss.cvar
        self.index.hnsw.efSearch = max(self.breadth, n)
        counters.hnsw_stats.reset()
        found: np.ndarray = self.index.search(queries, n)[1]
        return found, int(counters.hnsw_stats.ndis)

    def dump(self) -> bytes:
        import faiss

        return bytes(faiss.serialize_index(self.index).tobytes())


def _hashing(parameters: Parameters) -> Hashing:
    """The family of hash functions that has parameters of these names."""
    from spark_app.similarity.hash_tables import BucketedRandomProjection, SignRandomProjection
    from spark_app.similarity.minhash import MinHashTables

    families: tuple[Hashing, ...] = (BucketedRandomProjection, SignRandomProjection, MinHashTables)
    for family in families:
        if family.names == parameters.keys():
            return family
    raise UsageError(
        f"engine {LSH!r} does not know parameters {sorted(parameters)}",
        "An index that another version has stored is built anew by: spark-app find_similar_tracks",
    )


def built(engine: str, rows: Any, parameters: Parameters, *, seed: int, threads: int = 1) -> Searcher:
    """An engine over the rows of a search space.

    Args:
        engine: One of ``ENGINES`` but ``auto``; of sets ``exact`` or ``lsh``.
        rows: Of a space, n at least 1: float32 of shape (n, n_dimensions), or a sparse matrix of sets.
        parameters: ``lists`` and ``probes`` of ``ivf``; ``breadth`` of ``graph``; ``tables`` of ``lsh``, with
            ``length`` and ``width`` for bucketed random projection, ``bits`` for sign random projection, ``hashes``
            for sets.
        seed: Of centres, layers and hash functions.
        threads: Cores that building may use; searching uses one.
    """
    import faiss

    builders: dict[str, Callable[[], Searcher]] = {
        EXACT: lambda: _Exact(),
        IVF: lambda: _Ivf.build(rows, parameters, seed),
        GRAPH: lambda: _Graph.build(rows, parameters, seed),
        LSH: lambda: _hashing(parameters).build(rows, parameters, seed),
    }
    if engine not in builders:
        raise UsageError(f"there is no engine {engine!r}", f"Engines: {', '.join(ENGINES)}.")
    # Threads that link nodes to a graph do so in an order of their own: it would differ from run to run.
    faiss.omp_set_num_threads(1 if engine == GRAPH else threads)
    searcher = builders[engine]()
    faiss.omp_set_num_threads(1)  # Spark runs one task per core; threads inside a task would fight for them
    return searcher


def loaded(engine: str, rows: Any, parameters: Parameters, content: bytes, *, seed: int) -> Searcher:
    """A built engine again, from its rows and ``dump()``, whose checksum the caller has compared."""
    import faiss
    import numpy as np

    faiss.omp_set_num_threads(1)
    if engine not in {IVF, GRAPH}:
        return built(engine, rows, parameters, seed=seed)
    index = faiss.deserialize_index(np.frombuffer(content, dtype=np.uint8))
    return _Ivf(index, parameters) if engine == IVF else _Graph(index, parameters)
