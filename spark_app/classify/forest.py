"""A forest as flat arrays: small to keep, small to send, evaluated for many rows at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from sklearn.tree import DecisionTreeClassifier

_LEAF = -1


@dataclass(frozen=True)
class Forest:
    """Trees one after the other, each in preorder, so that a left child follows its parent.

    Attributes:
        roots: ``(n_trees,)`` int32, position of each root.
        feature: ``(n_nodes,)`` int16, the feature a node looks at, -1 in a leaf.
        threshold: ``(n_nodes,)`` float32; a value that is not larger goes left.
        right: ``(n_nodes,)`` int32, position of the right child; in a leaf, its row of ``shares``.
        shares: ``(n_distinct, n_labels)`` uint8, label shares of the leaves in 255ths, each distinct row once.
    """

    roots: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    right: np.ndarray
    shares: np.ndarray

    def probabilities(self, values: np.ndarray) -> np.ndarray:
        """The mean over trees of the label shares of the leaf a row ends in.

        Args:
            values: Array ``(n_rows, n_features)`` without NaN.

        Returns:
            Array ``(n_rows, n_labels)``, rows sum to 1.
        """
        import numpy as np

        rows = np.ascontiguousarray(values, dtype=np.float32)
        shares = self.shares / self.shares.sum(axis=1, keepdims=True, dtype=np.float64)
        total = np.zeros((len(rows), shares.shape[1]))
        for root in self.roots:
            total += shares[self._leaves(rows, int(root))]
        return total / total.sum(axis=1, keepdims=True)

    def _leaves(self, rows: np.ndarray, root: int) -> np.ndarray:
        """Row of ``shares`` for each row, in one tree."""
        import numpy as np

        n_rows, width = rows.shape
        flat, leaves = rows.ravel(), np.empty(n_rows, dtype=np.int32)
        active, node = np.arange(n_rows), np.full(n_rows, root)
        while len(active):
            feature = self.feature[node]
            is_leaf = feature == _LEAF
            if is_leaf.any():
                leaves[active[is_leaf]] = self.right[node[is_leaf]]
                active, node, feature = active[~is_leaf], node[~is_leaf], feature[~is_leaf]
            goes_right = flat[active * width + feature] > self.threshold[node]
            node = np.where(goes_right, self.right[node], node + 1)
        return leaves


def flat_tree(tree: DecisionTreeClassifier, *, n_labels: int) -> Forest:
    """One tree of scikit-learn as a forest; its predictions differ by the rounding of shares only.

    Thresholds are rounded down to float32. scikit-learn compares float32 values with a float64 threshold, so no
    value can lie between the two.
    """
    import numpy as np

    nodes = tree.tree_
    is_leaf = nodes.children_left < 0
    rounded = nodes.threshold.astype(np.float32)
    lower = np.nextafter(rounded, np.float32(-np.inf))
    threshold = np.where(rounded > nodes.threshold, lower, rounded).astype(np.float32)
    shares = np.zeros((int(is_leaf.sum()), n_labels), dtype=np.uint8)
    shares[:, tree.classes_.astype(int)] = np.rint(nodes.value[is_leaf, 0, :] * 255)
    distinct, positions = np.unique(shares, axis=0, return_inverse=True)
    right = nodes.children_right.astype(np.int32)
    right[is_leaf] = positions.ravel()
    feature = np.where(is_leaf, _LEAF, nodes.feature).astype(np.int16)
    threshold[is_leaf] = 0
    return Forest(np.zeros(1, dtype=np.int32), feature, threshold, right, distinct)


def merged(forests: Sequence[Forest]) -> Forest:
    """One forest of all their trees, in order; equal rows of shares are kept once."""
    import numpy as np

    starts = np.cumsum([0, *(len(forest.feature) for forest in forests)])[:-1]
    leaf_starts = np.cumsum([0, *(len(forest.shares) for forest in forests)])[:-1]
    shares, positions = np.unique(np.concatenate([f.shares for f in forests]), axis=0, return_inverse=True)
    positions = positions.ravel()
    right = [
        np.where(f.feature == _LEAF, positions[np.where(f.feature == _LEAF, f.right + leaf, 0)], f.right + start)
        for f, start, leaf in zip(forests, starts, leaf_starts, strict=True)
    ]
    return Forest(
        roots=np.concatenate([f.roots + start for f, start in zip(forests, starts, strict=True)]).astype(np.int32),
        feature=np.concatenate([f.feature for f in forests]),
        threshold=np.concatenate([f.threshold for f in forests]),
        right=np.concatenate(right).astype(np.int32),
        shares=shares,
    )
