"""One file of an import: what was read of it, and why it is refused if it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from aas_server.errors import BadRequest, Finding, InvalidDocument
from aas_server.packages.bulk.held import Held, Kept
from aas_server.packages.bulk.opening import Opened, malformed
from aas_server.packages.bulk.verdicts import Verdict
from aas_server.packages.file_taking import TakenIn, entries
from aas_server.packages.judging import Judgement, repeated, require_no_errors
from aas_server.packages.plan import ImportReport
from aas_server.repository.heads import Key
from aas_server.store.protocol import Kind

Advance: TypeAlias = Callable[[int], None]
"""Told how many more documents and files were done."""


class Reading:
    """What ``file`` holds and what is said of it.

    ``failure`` says why nothing of it is taken: ``InvalidDocument`` with every finding,
    ``BadRequest``, ``OSError``. ``report`` has no steps before the import is planned.
    """

    def __init__(self, file: Path, held: Held, advance: Advance, *, strict: bool) -> None:
        self.file = file
        self.report = ImportReport()
        self.failure: BadRequest | OSError | None = None
        self.documents: dict[Key, Kept] = {}
        self._held = held
        self._advance = advance
        self._strict = strict
        self._counts: dict[Kind, int] = {}
        self._files_read = 0
        self._odd: list[Finding] = []
        self._judgement = Judgement()
        self._repeated: list[Finding] = []

    @property
    def is_over(self) -> bool:
        """Return whether nothing more need be known of the file."""
        return self.failure is not None or self._judgement.is_enough

    def begin(self, opened: Opened) -> None:
        """Note what the file holds before anything is known of its documents."""
        # No more of it: neither the file nor its documents are to stay in memory.
        self._counts = dict(opened.counts)
        self._files_read = len(opened.files)
        self._odd = opened.findings
        self.report = self._empty_report()

    def fail(self, error: BadRequest | OSError) -> None:
        """Take nothing of this file, for ``error``; the first one counts."""
        if self.failure is None:
            self.failure = error
            self.report = self._empty_report()
            self.documents.clear()

    def advance(self, count: int) -> None:
        """Let whoever watches see that ``count`` more documents or files were done."""
        self._advance(count)

    def take(self, kind: Kind, verdict: Verdict) -> None:
        """Take in the next document as it was found to be."""
        if self.is_over:
            return
        if verdict.malformed:
            self.fail(malformed(self.file, verdict.malformed))
            return
        self._judgement.refuse(verdict.errors)
        if verdict.errors:
            return
        self._judgement.tell(verdict.findings)
        key = (kind, verdict.id)
        first = self.documents.get(key)
        if first is None:
            place = self._held.put(verdict.packed)
            ways = self._held.share(verdict.signatures)
            self.documents[key] = Kept(key, place, verdict.terms, ways, verdict.named)
        else:
            differs = not self._held.is_same(first.place, verdict.packed)
            self._repeated.append(repeated(*key, differs=differs))

    def settle(self) -> None:
        """Note what is said of all documents, each of which was taken."""
        if self.failure is not None:
            return
        report = self._empty_report()
        report.findings = list(self._odd)
        try:
            self._judgement.into(report)
            report.findings += self._repeated
            if self._strict:
                require_no_errors(report)
        except InvalidDocument as error:
            self.fail(error)
        else:
            self.report = report

    def give_files(self, taken: Mapping[str, TakenIn]) -> None:
        """Give every document the files that it names."""
        for kept in self.documents.values():
            kept.files = tuple(entries(*kept.key, kept.named, taken))

    def _empty_report(self) -> ImportReport:
        return ImportReport(read=dict(self._counts), files_read=self._files_read)
