"""The judge of a soak sees what it is there for; a short run is in ``tests/system``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.soak.judge import MAX_AGE, MAX_KEPT, Judge
from tests.system.load_model import Shown

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OLD = NOW - MAX_AGE - timedelta(seconds=0.1)


@pytest.mark.parametrize(
    ("element", "stale", "mistaken"),
    [
        (Shown(3.5, "good", NOW), 0, 0),
        (Shown(3.5, "good", NOW - MAX_AGE), 0, 0),
        (Shown(3.5, "good", OLD), 1, 0),
        (Shown(3.5, "good", None), 1, 0),
        (Shown(3.5, "bad", OLD), 0, 0),
        (Shown(3.5, "uncertain", OLD), 0, 0),
        (Shown(4.5, "good", NOW), 0, 1),
        (Shown(4.5, "bad", OLD), 0, 1),
        (Shown(None, "uncertain", None), 0, 0),
    ],
)
def test_a_good_value_is_neither_old_nor_of_another(
    element: Shown, stale: int, mistaken: int
) -> None:
    judge = Judge()

    judge.look("mill", {"Item3": element}, NOW)

    assert (judge.stale, judge.mistaken, judge.values) == (stale, mistaken, 1)
    assert len(judge.findings) == stale + mistaken


def test_of_many_findings_some_are_kept_and_all_counted() -> None:
    judge = Judge()
    for _ in range(MAX_KEPT + 5):
        judge.look("mill", {"Item3": Shown(3.5, "good", OLD)}, NOW)

    assert judge.stale == MAX_KEPT + 5
    assert len(judge.findings) == MAX_KEPT
