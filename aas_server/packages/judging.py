"""What is said of the documents of a file that is imported, and what refuses it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from aas_server.errors import Finding, InvalidDocument
from aas_server.metamodel.screening import METAMODEL
from aas_server.metamodel.tree import Node, walk
from aas_server.packages.contents import PACKAGE
from aas_server.packages.plan import ImportReport
from aas_server.store.protocol import Kind

_CHARACTERS: Final = "AASd-130"
_MAX_ERRORS: Final = 100
"""Findings of a refusal at most: millions of broken documents must not cost more than one."""
_MAX_FINDINGS: Final = 1000
"""Findings of documents that are told of a file at most."""


class Judgement:
    """What was found in the documents of one file so far; no more of it is kept than is told."""

    def __init__(self) -> None:
        self._errors: list[Finding] = []
        self._odd: list[Finding] = []
        self._more = 0
        self._is_worse = False

    def refuse(self, errors: Iterable[Finding]) -> None:
        """Note what refuses a document, and the file with it."""
        self._errors += errors

    def tell(self, findings: Iterable[Finding]) -> None:
        """Note what is odd about a document that is taken nevertheless."""
        for finding in findings:
            if len(self._odd) < _MAX_FINDINGS:
                self._odd.append(finding)
            else:
                self._more += 1
                self._is_worse |= finding.is_error

    @property
    def is_enough(self) -> bool:
        """Return whether so much refuses the file that no more is told."""
        return len(self._errors) >= _MAX_ERRORS

    def into(self, report: ImportReport) -> None:
        """Let ``report`` tell what is odd; raises ``InvalidDocument`` for what refuses the file."""
        if self._errors:
            raise InvalidDocument(self._errors[:_MAX_ERRORS])
        report.findings += self._odd
        if self._more:
            text = f"there are {self._more} more findings"
            report.findings.append(Finding(PACKAGE, "", text, self._is_worse))


def require_no_errors(report: ImportReport) -> None:
    """Raise ``InvalidDocument`` when ``report`` tells an error: for strict imports."""
    errors = [finding for finding in report.findings if finding.is_error]
    if errors:
        raise InvalidDocument(errors[:_MAX_ERRORS])


def is_fatal(finding: Finding) -> bool:
    """Return whether a document cannot be had: nothing could address it, or write it as XML."""
    name = finding.path.rpartition(".")[2]
    # Published packages have items of lists with an empty idShort: those are addressed by index.
    is_name = name == "id" or (name == "idShort" and "maximum length" in finding.text)
    return finding.code == _CHARACTERS or (finding.code == METAMODEL and is_name)


def placed(findings: Iterable[Finding], kind: Kind, tree: Any, source: str) -> Iterator[Finding]:
    """Yield ``findings`` of a document with the place that they have in a package."""
    # What stands in an environment need not be an object.
    name = tree.get("id") if type(tree) is dict else None
    part = source if source.startswith("/") else ""
    for each in findings:
        path = f"{kind.value} {name!r} {each.path}".rstrip()
        yield Finding(each.code, path, each.text, each.is_error, part, each.hint)


def repeated(kind: Kind, identifier: str, *, differs: bool) -> Finding:
    """Return the finding about a document whose id another one before it in the file has."""
    text = "is there twice, the same each time"
    if differs:
        text = "is there twice, and differs: only the first one was taken"
    return Finding(PACKAGE, f"{kind.value} {identifier!r}", text, is_error=differs)


def named_files(kind: Kind, tree: Node) -> list[tuple[str, str | None]]:
    """Return the files that a document of the normal form names, with the types that it says."""
    if kind is Kind.SHELL:
        thumbnail = (tree.get("assetInformation") or {}).get("defaultThumbnail")
        named = [] if type(thumbnail) is not dict else [thumbnail]
        found = [(each.get("path"), each.get("contentType")) for each in named]
    else:
        found = [
            (element.get("value"), element.get("contentType"))
            for _, element in walk(tree)
            if element.get("modelType") == "File"
        ]
    # Of documents that are trusted only the structure was looked at.
    return [
        (path, type_ if type(type_) is str else None)
        for path, type_ in found
        if path and type(path) is str
    ]
