"""What becomes of documents whose ids exist."""

from __future__ import annotations

from typing import Any

import pytest

from aas_server.metamodel.tree import Node
from aas_server.packages.plan import (
    MAX_DIFFERENCES,
    Fate,
    OnConflict,
    Present,
    Step,
    compared,
    decide,
    shown,
)
from aas_server.store.protocol import FileEntry, Kind, StoredFile
from tests.packages.packages import submodel

OLD = submodel("urn:a")
NEW = {**OLD, "category": "new"}


def with_administration(**members: Any) -> Node:
    return {**OLD, "administration": members}


def decided(mode: OnConflict, there: Present, tree: Node, **files: FileEntry) -> Step:
    return decide(mode, Kind.SUBMODEL, tree, files, there)


def file(content: str) -> FileEntry:
    return FileEntry(Kind.SUBMODEL, "urn:a", "a", StoredFile(content, 1), "text/plain", "a")


@pytest.mark.parametrize(
    ("mode", "fate"),
    [
        (OnConflict.FAIL, Fate.CONFLICT),
        (OnConflict.SKIP, Fate.LEAVE),
        (OnConflict.REPLACE, Fate.REPLACE),
        (OnConflict.NEWER, Fate.LEAVE),
    ],
)
def test_what_differs_is_dealt_with_as_asked(mode: OnConflict, fate: Fate) -> None:
    step = decided(mode, Present(OLD, {}), NEW)
    assert step.fate is fate
    assert [each.path for each in step.changes] == ["category"]


@pytest.mark.parametrize("mode", [mode for mode in OnConflict if mode is not OnConflict.FAIL])
def test_what_is_the_same_is_left(mode: OnConflict) -> None:
    step = decided(mode, Present(OLD, {"a": file("x")}), OLD, a=file("x"))
    assert (step.fate, step.files) == (Fate.LEAVE, 0)


def test_what_is_the_same_is_in_the_way_unless_the_import_brought_it_itself() -> None:
    assert decided(OnConflict.FAIL, Present(OLD, {}), OLD).fate is Fate.CONFLICT
    brought = Present(OLD, {}, is_of_this_import=True)
    assert decided(OnConflict.FAIL, brought, OLD).fate is Fate.LEAVE
    assert decided(OnConflict.FAIL, brought, NEW).fate is Fate.CONFLICT


@pytest.mark.parametrize("before", [{}, {"a": file("x")}])
def test_another_content_of_a_file_is_a_change(before: dict[str, FileEntry]) -> None:
    step = decided(OnConflict.REPLACE, Present(OLD, before), OLD, a=file("y"))
    assert (step.fate, step.files) == (Fate.REPLACE, 1)
    assert [each.path for each in step.changes] == ["content of a"]


def test_only_so_many_changes_are_told_and_the_rest_counted() -> None:
    many = {**OLD, "description": [{"language": f"x-{n}", "text": "a"} for n in range(500)]}
    other = {**OLD, "description": [{"language": f"x-{n}", "text": "b"} for n in range(500)]}
    step = decided(OnConflict.REPLACE, Present(many, {}), other)
    assert (len(step.changes), step.more_changes) == (MAX_DIFFERENCES, 500 - MAX_DIFFERENCES)


@pytest.mark.parametrize(
    ("there", "comes", "is_newer", "reason"),
    [
        ({"version": "1"}, {"version": "2"}, True, "is newer: 2.0 against 1.0"),
        ({"version": "9"}, {"version": "10"}, True, "is newer: 10.0 against 9.0"),
        (
            {"version": "2", "revision": "9"},
            {"version": "2", "revision": "10"},
            True,
            "is newer: 2.10 against 2.9",
        ),
        ({"version": "2"}, {"version": "1", "revision": "9"}, False, "is older: 1.9 against 2.0"),
        ({"version": "1"}, {"version": "1"}, False, "has the same version 1.0"),
        ({}, {"version": "1"}, False, "is not known to be newer"),
        ({"version": "1"}, {"version": "1.2"}, False, "is not known to be newer"),
        ({"version": "1"}, {"version": "9" * 5000}, False, "is not known to be newer"),
        (
            {"version": "1", "updatedAt": "2026-01-01T00:00:00Z"},
            {"version": "1", "updatedAt": "2026-01-01T01:30:00+01:00"},
            True,
            "is newer: updated 2026-01-01T01:30:00+01:00",
        ),
        (
            {"updatedAt": "2026-01-01T00:00:00Z"},
            {"updatedAt": "2025-12-31T00:00:00Z"},
            False,
            "is older: updated",
        ),
        (
            {"updatedAt": "2026-01-01T00:00:00Z"},
            {"updatedAt": "yesterday"},
            False,
            "is not known to be newer",
        ),
        (
            {"updatedAt": "2026-01-01T00:00:00Z"},
            {"updatedAt": "2027-01-01T00:00:00"},
            False,
            "is not known to be newer",
        ),
    ],
)
def test_versions_are_compared_before_times(
    there: Node, comes: Node, is_newer: bool, reason: str
) -> None:
    found = compared(with_administration(**there), with_administration(**comes))
    assert found[0] is is_newer
    assert found[1].startswith(reason)


def test_a_long_value_is_shown_cut() -> None:
    assert shown({"a": 1}) == '{"a":1}'
    assert shown("x" * 1000).endswith("x… (1002 characters)")
