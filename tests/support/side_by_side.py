"""The order in which files of tests are shared out among processes (``pytest -n 3``).

A file goes to one process as a whole, servers of its modules with it. A long one that begins last
would keep the others waiting, so the files that may take long come first: those with a time limit
of their own, the highest first, then those that start processes. Within these, and within a file,
the order stays the random one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest


class _Weight(NamedTuple):
    limit: float
    starts_processes: bool


def longest_first(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Return ``items`` with those of one file together, the files that may take long first."""
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    ordered = sorted(files.values(), key=lambda tests: max(map(_weight, tests)), reverse=True)
    return [item for tests in ordered for item in tests]


def _weight(item: pytest.Item) -> _Weight:
    limit = item.get_closest_marker("timeout")
    seconds = float(limit.args[0]) if limit is not None and limit.args else 0.0
    return _Weight(seconds, item.get_closest_marker("system") is not None)
