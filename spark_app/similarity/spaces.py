"""What engines and searches ask of the rows that they compare: vectors (``distances.py``) or sets (``sets.py``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np


class Rows(Protocol):
    """Prepared rows, picked by slices or positions: float64 of shape (n, n_features), or ``sets.Sets``."""

    def __len__(self) -> int: ...

    def __getitem__(self, picked: Any, /) -> Any: ...


class Space(Protocol):
    """Distinct prepared rows that queries, which are prepared rows as well, are compared with.

    Attributes:
        rows: What engines are built over: float32 of shape (n, n_dimensions), or a sparse matrix of sets.
        farthest: Distance of rows that have nothing in common, so that no engine tells one from another.
    """

    rows: Any
    farthest: float

    def adopted(self, sought: Any) -> Any:
        """Queries prepared elsewhere, as the other methods take them."""
        ...

    def queries(self, sought: Any) -> Any:
        """What engines are asked with, of the kind of ``rows``."""
        ...

    def distances(self, sought: Any, candidates: np.ndarray) -> np.ndarray:
        """Float64 distances between each query and candidates of its own, positions of shape (n_queries, n)."""
        ...

    def to_all(self, sought: Any) -> np.ndarray:
        """Float64 distances between each query and all rows, (n_queries, n_rows): those of ``distances`` to the bit."""
        ...
