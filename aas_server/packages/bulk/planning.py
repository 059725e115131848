"""What a large import does with each document: decided for many at a time, then written down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

import msgspec

from aas_server.metamodel.differences import Difference
from aas_server.packages.bulk.held import Held, Kept, Place
from aas_server.packages.bulk.reading import Reading
from aas_server.packages.plan import Fate, OnConflict, Present, Step, decide
from aas_server.repository.document import decode
from aas_server.repository.heads import Key
from aas_server.repository.unit import mentioned
from aas_server.store.protocol import NO_FILES, FileEntry, Kind, Store, StoredDocument, Write
from aas_server.store.terms import joined, separated, separated_signatures, terms_of

_AT_ONCE: Final = 1000
"""Documents that are looked up at a time."""
_MAX_TOLD: Final = 16 * 1024**2
"""Bytes of differences that are told of all documents; then only how many there are."""


@dataclass(frozen=True, slots=True)
class Former:
    """What a document replaces: the stored one, but its body, which is held compressed, and the
    terms that lists find it by, joined.
    """

    stored: StoredDocument
    place: Place
    terms: bytes


@dataclass(frozen=True, slots=True)
class Planned:
    """A document as the import leaves it, with the ``files`` that it names."""

    sequence: int
    place: Place
    terms: bytes
    signatures: bytes
    files: Mapping[str, FileEntry]
    former: Former | None = None


class Planner:
    """Decides as ``packages.plan`` does about what was read, and knows what is to be written."""

    def __init__(self, store: Store, held: Held, on_conflict: OnConflict) -> None:
        self.planned: dict[Key, Planned] = {}
        self._store = store
        self._held = held
        self._on_conflict = on_conflict
        self._told = 0

    async def plan(self, readings: Sequence[Reading]) -> None:
        """Decide about every document, in order; the reports of ``readings`` tell it then."""
        # Of however many files: each look costs more than the documents of a small one.
        documents = ((reading, kept) for reading in readings for kept in reading.documents.values())
        while some := list(islice(documents, _AT_ONCE)):
            there = await self._look_up([kept.key for _, kept in some])
            for reading, kept in some:
                reading.report.steps.append(self._step(kept, there.get(kept.key)))

    async def _look_up(self, keys: Sequence[Key]) -> dict[Key, StoredDocument]:
        ids: dict[Kind, list[str]] = {}
        for kind, identifier in keys:
            ids.setdefault(kind, []).append(identifier)
        found: dict[Key, StoredDocument] = {}
        for kind, wanted in ids.items():
            fetched = await self._store.fetch(kind, wanted)
            found |= {(kind, stored.id): stored for stored in fetched.documents}
        return found

    def _step(self, kept: Kept, stored: StoredDocument | None) -> Step:
        planned = self.planned.get(kept.key)
        files = {entry.path: entry for entry in kept.files}
        if planned is not None:
            body, names = self._held.body(planned.place), planned.files
        elif stored is not None:
            body, names = stored.body, stored.files
        else:
            sequence = self._store.new_sequence()
            self.planned[kept.key] = _planned(sequence, kept, files)
            return Step(*kept.key, Fate.CREATE, files=len(files))
        mine = self._held.body(kept.place)
        tree = decode(mine)
        # The same object is told from itself at a glance.
        there = tree if body == mine else decode(body)
        present = Present(there, dict(names), planned is not None)
        step = decide(self._on_conflict, kept.key[0], tree, files, present)
        if step.fate is Fate.REPLACE:
            named = {**mentioned(kept.key[0], names, mine), **files}
            # One write a document, whatever other files of the import had for it before.
            if planned is None and stored is not None:
                terms = joined(terms_of(kept.key[0], there))
                former = Former(replace(stored, body=b""), self._held.put_body(body), terms)
                self.planned[kept.key] = _planned(stored.sequence, kept, named, former)
            elif planned is not None:
                self.planned[kept.key] = _planned(planned.sequence, kept, named, planned.former)
        return self._bounded(step)

    def _bounded(self, step: Step) -> Step:
        """Return ``step`` without its differences when enough of them were told."""
        self._told += sum(map(_size, step.changes))
        if self._told <= _MAX_TOLD:
            return step
        return replace(step, changes=(), more_changes=step.more_changes + len(step.changes))


def _planned(
    sequence: int, kept: Kept, files: Mapping[str, FileEntry], former: Former | None = None
) -> Planned:
    return Planned(sequence, kept.place, kept.terms, kept.signatures, files, former)


def writes(planned: Mapping[Key, Planned], held: Held, *, now: int) -> Iterator[Write]:
    """Yield the writes of ``planned`` in order; bodies are unpacked when they are due."""
    for (kind, identifier), each in planned.items():
        body, terms = held.body(each.place), separated(each.terms)
        ways = separated_signatures(each.signatures)
        files = each.files or NO_FILES
        if each.former is None:
            after = StoredDocument(kind, identifier, each.sequence, 1, body, now, now, files)
            yield Write(None, after, gains=terms, signatures=ways)
            continue
        before = replace(each.former.stored, body=held.body(each.former.place))
        after = replace(
            before,
            revision=before.revision + 1,
            body=body,
            updated=max(now, before.updated),
            files=files,
        )
        gone = separated(each.former.terms)
        yield Write(before, after, None, terms - gone, gone - terms, ways)


def _size(difference: Difference) -> int:
    """Return about how many bytes it takes to tell ``difference``."""
    values = msgspec.json.encode((difference.before, difference.after))
    return len(difference.path) + len(values)
