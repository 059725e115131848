"""Bulk changes of a registry: all of them or none (IDTA-01002, bulk operations)."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Iterator
from typing import Any, Final

from aas_server.errors import AasError, BadRequest, Conflict, Finding, InvalidDocument
from aas_server.registry.register import Register
from aas_server.registry.schemas import IDENTIFIERS, MAX_FINDINGS, require
from aas_server.repository.repository import Repository
from aas_server.repository.unit import Unit

MAX_ITEMS: Final = 5000
"""Descriptors that one bulk operation changes at most: what is committed at once is bounded."""

_AT_ONCE: Final = 50
"""Descriptors that are checked before others get the event loop."""


class BulkAction(enum.Enum):
    """What a bulk operation does with each of its items."""

    CREATE = "create"
    PUT = "put"
    DELETE = "delete"


def checked_items(body: Any, action: BulkAction) -> list[Any]:
    """Return the items in the body of a bulk request.

    Raises ``BadRequest`` when it is no array or has too many of them, ``InvalidDocument`` when it
    should hold identifiers and does not.
    """
    if not isinstance(body, list):
        raise BadRequest("must be an array", path="body")
    if len(body) > MAX_ITEMS:
        raise BadRequest(f"has more than {MAX_ITEMS} items: send them in parts", path="body")
    if action is BulkAction.DELETE:
        require(IDENTIFIERS, body)
    return body


class BulkChange:
    """One change of many descriptors of ``register``: ``items`` are descriptors, for ``DELETE``
    identifiers.
    """

    def __init__(
        self, repository: Repository, register: Register, action: BulkAction, items: list[Any]
    ) -> None:
        self._repository = repository
        self._register = register
        self._action = action
        self._items = items

    async def run(self, *, actor: str) -> None:
        """Carry the change out.

        Raises ``InvalidDocument`` with at least one finding for each item that fails, its path
        beginning with the item's index, and then nothing has changed; ``StoreUnavailable``.
        """
        findings: list[Finding] = []
        if self._action is not BulkAction.DELETE:
            findings = await self._malformed()
        if not findings:
            unit = self._repository.unit(actor=actor)
            findings = list(self._refusals(unit))
            if not findings:
                await unit.commit()
        if findings:
            raise InvalidDocument(findings)

    async def _malformed(self) -> list[Finding]:
        findings: list[Finding] = []
        for index, item in enumerate(self._items):
            if index % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)
            try:
                self._register.checked(item)
            except InvalidDocument as error:
                findings += [_inside(index, finding) for finding in error.findings]
            if len(findings) >= MAX_FINDINGS:
                break
        return findings

    def _refusals(self, unit: Unit) -> Iterator[Finding]:
        """Enter every item into ``unit`` and yield why one is refused."""
        seen: dict[str, int] = {}
        for index, item in enumerate(self._items):
            identifier = item if self._action is BulkAction.DELETE else item["id"]
            path = f"[{index}]" if self._action is BulkAction.DELETE else f"[{index}].id"
            first = seen.setdefault(identifier, index)
            try:
                if first != index:
                    raise Conflict(f"{identifier!r} stands at [{first}] already")
                self._enter(unit, identifier, item)
            except AasError as error:
                yield Finding(error.code, path, error.text)

    def _enter(self, unit: Unit, identifier: str, item: Any) -> None:
        register = self._register
        if self._action is BulkAction.CREATE:
            register.require_free(identifier)
            unit.create(register.kind, item)
            return
        register.require_foreign(identifier)
        if self._action is BulkAction.DELETE:
            unit.delete(register.kind, identifier)
        elif unit.find(register.kind, identifier) is None:
            unit.create(register.kind, item)
        else:
            unit.replace(register.kind, identifier, item)


def _inside(index: int, finding: Finding) -> Finding:
    separator = "." if finding.path and not finding.path.startswith("[") else ""
    return Finding(finding.code, f"[{index}]{separator}{finding.path}", finding.text)
