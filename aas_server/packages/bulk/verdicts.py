"""What becomes of one document: checked here, whichever process that is in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import orjson
import zstandard

from aas_server.errors import Finding
from aas_server.metamodel.checking import checked, checked_shape, is_refused
from aas_server.metamodel.structure import STRUCTURE
from aas_server.packages.judging import is_fatal, named_files, placed
from aas_server.store.protocol import Kind
from aas_server.store.terms import change_between, joined, joined_signatures

LEVEL: Final = 1
"""Of the compression of what is held: zstandard."""
_NO_BODY: Final = "holds an integer of more than 64 bits, or is nested too deep"


@dataclass(frozen=True, slots=True)
class Manner:
    """How documents are checked: ``strict`` refuses what breaks a constraint, ``trusted`` looks at
    the structure only.
    """

    strict: bool = False
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A document as it was written, JSON, and the name of the part that it is from.

    ``is_packaged`` says that there are files, which it may name.
    """

    kind: Kind
    source: str
    body: bytes
    is_packaged: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found about a document, every finding with its place in the package.

    ``packed`` is its normal form as it is stored, compressed, ``terms`` what lists find it by and
    ``signatures`` those of its elements, both joined; ``errors`` refuse it, and then there is no
    more than that. ``malformed`` says why it is no JSON at all.
    """

    id: str = ""
    packed: bytes = b""
    terms: bytes = b""
    signatures: bytes = b""
    named: tuple[tuple[str, str | None], ...] = ()
    findings: tuple[Finding, ...] = ()
    errors: tuple[Finding, ...] = ()
    malformed: str = ""


class Checker:
    """Checks documents one after the other, all in the same manner."""

    def __init__(self, manner: Manner) -> None:
        self._manner = manner
        self._compress = zstandard.ZstdCompressor(level=LEVEL).compress

    def verdicts(self, documents: Sequence[Unchecked]) -> list[Verdict]:
        """Return a verdict for each of ``documents``."""
        return [self._verdict(document) for document in documents]

    def verdict_on(
        self, kind: Kind, source: str, tree: Any, *, is_packaged: bool = False
    ) -> Verdict:
        """Return the verdict on a decoded document; ``tree`` may be any JSON."""
        check = checked_shape if self._manner.trusted else checked
        text = _body(tree)
        newer, findings = check(tree, kind.value, text)
        refusing = [each for each in findings if is_refused(each, strict=self._manner.strict)]
        refusing = refusing or [each for each in findings if is_fatal(each)]
        body = text if newer is tree else _body(newer)
        if not refusing and body is None:
            refusing = [Finding(STRUCTURE, "", _NO_BODY)]
        if refusing or body is None:
            return Verdict(errors=tuple(placed(refusing, kind, tree, source)))
        index = change_between(kind, None, newer)
        return Verdict(
            newer["id"],
            self._compress(body),
            joined(index.gains),
            joined_signatures(index.signatures),
            tuple(named_files(kind, newer)) if is_packaged else (),
            tuple(placed(findings, kind, tree, source)),
        )

    def _verdict(self, document: Unchecked) -> Verdict:
        try:
            tree = msgspec.json.decode(document.body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return Verdict(malformed=str(error))
        return self.verdict_on(
            document.kind, document.source, tree, is_packaged=document.is_packaged
        )


def _body(tree: Any) -> bytes | None:
    """Return ``tree`` as it is stored, or None when it cannot be written."""
    try:
        return orjson.dumps(tree)
    except TypeError:
        return None
