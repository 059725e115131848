"""What an import does with each document: decided before anything is done."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Final

import orjson

from aas_server.errors import Finding
from aas_server.metamodel.differences import Difference, differences
from aas_server.metamodel.tree import Node
from aas_server.store.protocol import FileEntry, Kind

MAX_DIFFERENCES: Final = 100
"""Differences of a document that are told at most."""
_MAX_SHOWN: Final = 200
_DIGITS: Final = re.compile(r"[0-9]{1,9}")


class OnConflict(enum.StrEnum):
    """What becomes of a document whose id exists."""

    FAIL = "fail"
    SKIP = "skip"
    REPLACE = "replace"
    NEWER = "newer"


class Fate(enum.StrEnum):
    """What becomes of a document of an import."""

    CREATE = "create"
    REPLACE = "replace"
    LEAVE = "leave"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of one document, and why if that is not plain.

    ``files`` are the files that come with it; ``changes`` tells what a replacement changes, and
    ``more_changes`` how many more there are.
    """

    kind: Kind
    id: str
    fate: Fate
    reason: str = ""
    files: int = 0
    changes: tuple[Difference, ...] = ()
    more_changes: int = 0


@dataclass(slots=True)
class ImportReport:
    """What was read of a file, what becomes of it, and what was odd."""

    read: dict[Kind, int] = field(default_factory=dict)
    files_read: int = 0
    steps: list[Step] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def created(self) -> dict[Kind, int]:
        """Return how many documents of each kind are created."""
        return self._counted(Fate.CREATE)

    @property
    def replaced(self) -> dict[Kind, int]:
        """Return how many documents of each kind are replaced."""
        return self._counted(Fate.REPLACE)

    @property
    def skipped(self) -> int:
        """Return how many documents are left as they are."""
        return sum(self._counted(Fate.LEAVE).values())

    @property
    def files(self) -> int:
        """Return how many files come with what is created and replaced."""
        return sum(step.files for step in self.steps)

    @property
    def conflicts(self) -> list[str]:
        """Return the ids that exist and may not."""
        return [step.id for step in self.steps if step.fate is Fate.CONFLICT]

    def _counted(self, fate: Fate) -> dict[Kind, int]:
        counts: dict[Kind, int] = {}
        for step in self.steps:
            if step.fate is fate:
                counts[step.kind] = counts.get(step.kind, 0) + 1
        return counts


@dataclass(frozen=True, slots=True)
class Present:
    """A document that is there: its tree, its file names, and whether this import made it."""

    tree: Node
    files: dict[str, FileEntry]
    is_of_this_import: bool = False


def decide(
    on_conflict: OnConflict, kind: Kind, tree: Node, files: dict[str, FileEntry], there: Present
) -> Step:
    """Return what becomes of ``tree`` with ``files``, whose id ``there`` has."""
    found = _changes(there, tree, files)
    shown = tuple(islice(found, MAX_DIFFERENCES))
    more = sum(1 for _ in found)
    identifier = tree["id"]
    if not shown and (there.is_of_this_import or on_conflict is not OnConflict.FAIL):
        return Step(kind, identifier, Fate.LEAVE, "is the same")
    if on_conflict is OnConflict.FAIL:
        reason = "the id exists" + ("" if shown else ", with the same content")
        return Step(kind, identifier, Fate.CONFLICT, reason, 0, shown, more)
    if on_conflict is OnConflict.SKIP:
        return Step(kind, identifier, Fate.LEAVE, "the id exists", 0, shown, more)
    reason = ""
    if on_conflict is OnConflict.NEWER:
        is_newer, reason = compared(there.tree, tree)
        if not is_newer:
            return Step(kind, identifier, Fate.LEAVE, reason, 0, shown, more)
    return Step(kind, identifier, Fate.REPLACE, reason, len(files), shown, more)


def compared(there: Node, tree: Node) -> tuple[bool, str]:
    """Return whether ``tree`` is newer than what is ``there``, and by what.

    That is decided by version and revision of the administration, then by its ``updatedAt`` (API
    3.2). What does not tell is not newer.
    """
    old, new = _administration(there), _administration(tree)
    before, after = _version(old), _version(new)
    if before is not None and after is not None and before != after:
        word = "newer" if after > before else "older"
        return after > before, f"is {word}: {_text(after)} against {_text(before)}"
    before_time, after_time = _time(old), _time(new)
    if before_time is not None and after_time is not None and before_time != after_time:
        is_newer = after_time > before_time
        word = "newer" if is_newer else "older"
        return is_newer, f"is {word}: updated {new['updatedAt']} against {old['updatedAt']}"
    if before is not None and before == after:
        return False, f"has the same version {_text(after)}"
    return False, "is not known to be newer: it takes a version or updatedAt in both"


def shown(value: Any) -> str:
    """Return a value in a difference as a short text: JSON, cut where it is long."""
    text = orjson.dumps(value).decode()
    if len(text) <= _MAX_SHOWN:
        return text
    return f"{text[:_MAX_SHOWN]}… ({len(text)} characters)"


def _changes(there: Present, tree: Node, files: dict[str, FileEntry]) -> Iterator[Difference]:
    yield from differences(there.tree, tree)
    for path, entry in files.items():
        before = there.files.get(path)
        if before is None or before.content.digest != entry.content.digest:
            old = None if before is None else before.content.size
            yield Difference(f"content of {path}", old, entry.content.size)


def _administration(tree: Node) -> Node:
    found = tree.get("administration")
    return found if isinstance(found, dict) else {}


def _version(administration: Node) -> tuple[int, int] | None:
    """Return version and revision, which are digits (IDTA-01001, AdministrativeInformation)."""
    parts = administration.get("version"), administration.get("revision", "0")
    if not all(isinstance(each, str) and _DIGITS.fullmatch(each) for each in parts):
        return None
    return int(str(parts[0])), int(str(parts[1]))


def _time(administration: Node) -> datetime | None:
    try:
        found = datetime.fromisoformat(administration.get("updatedAt", ""))
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo is not None else None


def _text(version: tuple[int, int] | None) -> str:
    return ".".join(map(str, version or ()))
