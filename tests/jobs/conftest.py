"""Fixtures for tests of jobs."""

from __future__ import annotations

import pytest


@pytest.fixture
def a_file_a_group(monkeypatch):
    """Small groups do not share files of the index, nor of the neighbours."""
    monkeypatch.setattr("spark_app.similarity.layout._PACKED_ROWS", 1)
