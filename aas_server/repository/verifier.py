"""Verification of what clients write, before anything changes."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import structlog

from aas_server.errors import Finding, InvalidDocument
from aas_server.metamodel.checking import checked, is_refused
from aas_server.metamodel.tree import CHILDREN_ATTRIBUTE, Node
from aas_server.metamodel.verification import verify

T = TypeVar("T")

log = structlog.get_logger(__name__)

_INLINE: Final = 60
"""Elements that are verified in the event loop at most: a millisecond's work."""
_LOGGED: Final = 10


class Verification(enum.Enum):
    """What becomes of a document that breaks a constraint of the metamodel."""

    STRICT = "strict"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Checked:
    """What was written, lifted to the present metamodel, and the findings that it has left."""

    tree: Node
    findings: tuple[Finding, ...] = ()

    @property
    def warnings(self) -> int:
        """Return how many findings there are left."""
        return len(self.findings)


class Verifier:
    """Checks documents and elements.

    Errors of structure are refused always; broken constraints only by ``STRICT``, else they are
    warnings: counted, and logged unless ``is_quiet``, for whoever tells them otherwise.
    """

    def __init__(self, mode: Verification = Verification.STRICT, *, is_quiet: bool = False) -> None:
        self._mode = mode
        self._is_quiet = is_quiet

    @property
    def strict(self) -> bool:
        """Return whether broken constraints are refused."""
        return self._mode is Verification.STRICT

    async def check(self, tree: Any, model_type: str | None = None) -> Checked:
        """Return the checked form of an identifiable, an element or another part of a document.

        ``model_type`` names the part (``AssetInformation``); without it ``modelType`` does. Raises
        ``InvalidDocument`` with all findings. What is large is checked in a thread.
        """
        newer, findings = await aside(checked, tree, model_type)
        self._judge(newer, findings)
        return Checked(newer, tuple(findings))

    async def verify(self, tree: Node) -> int:
        """Return how many findings an identifiable or an element has left, which is taken as it is.

        Raises ``InvalidDocument`` with all findings.
        """
        findings = await aside(verify, tree)
        self._judge(tree, findings)
        return len(findings)

    def _judge(self, tree: Any, findings: list[Finding]) -> None:
        errors = [each for each in findings if is_refused(each, strict=self.strict)]
        if errors:
            raise InvalidDocument(errors)
        if findings and not self._is_quiet:
            log.warning(
                "document has findings",
                id=tree.get("id") or tree.get("idShort"),
                count=len(findings),
                findings=[f"{each.path}: {each.text}" for each in findings[:_LOGGED]],
            )


async def aside(function: Callable[..., T], tree: Any, *arguments: Any) -> T:
    """Return what ``function`` makes of ``tree``, found out in a thread when it is large."""
    if _is_small(tree, _INLINE):
        return function(tree, *arguments)
    return await asyncio.to_thread(function, tree, *arguments)


def _is_small(tree: Any, limit: int) -> bool:
    """Return whether there are at most ``limit`` elements in ``tree``; looks at no more of them."""
    waiting = [tree]
    seen = 0
    while waiting:
        node = waiting.pop()
        if not isinstance(node, dict):
            continue
        seen += 1
        model_type = node.get("modelType")
        attribute = CHILDREN_ATTRIBUTE.get(model_type) if isinstance(model_type, str) else None
        elements = node.get(attribute) if attribute else None
        if isinstance(elements, list):
            if seen + len(waiting) + len(elements) > limit:
                return False
            waiting += elements
    return True
