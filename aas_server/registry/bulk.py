"""Bulk changes of a registry: all of them or none (IDTA-01002, bulk operations)."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import AsyncIterator
from typing import Any, Final

from aas_server.errors import (
    AasError,
    BadRequest,
    Conflict,
    Finding,
    InvalidDocument,
    StoreUnavailable,
)
from aas_server.registry.register import Register
from aas_server.registry.schemas import IDENTIFIERS, MAX_FINDINGS, require
from aas_server.repository.repository import Repository
from aas_server.repository.unit import Unit

MAX_ITEMS: Final = 5000
"""Descriptors that one bulk operation changes at most: what is committed at once is bounded."""

_AT_ONCE: Final = 50
"""Descriptors that are checked before others get the event loop."""
_ASKED_AT_ONCE: Final = 1000


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
        if self._action is not BulkAction.DELETE:
            malformed = await self._malformed()
            if malformed:
                raise InvalidDocument(malformed)
        await self._repository.change(self._enter_all, actor=actor)

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

    async def _enter_all(self, unit: Unit) -> None:
        """Enter every item into ``unit``; raises ``InvalidDocument`` for those that are refused."""
        findings = [each async for each in self._refusals(unit)]
        if findings:
            raise InvalidDocument(findings)

    async def _refusals(self, unit: Unit) -> AsyncIterator[Finding]:
        """Enter every item into ``unit`` and yield why one is refused."""
        is_deletion = self._action is BulkAction.DELETE
        identifiers = [item if is_deletion else item["id"] for item in self._items]
        own = await self._own_among(identifiers)
        seen: dict[str, int] = {}
        for index, (identifier, item) in enumerate(zip(identifiers, self._items, strict=True)):
            first = seen.setdefault(identifier, index)
            try:
                if first != index:
                    raise Conflict(f"{identifier!r} stands at [{first}] already")
                await self._enter(unit, identifier, item, is_own=identifier in own)
            except StoreUnavailable:
                raise
            except AasError as error:
                path = f"[{index}]" if is_deletion else f"[{index}].id"
                yield Finding(error.code, path, error.text)

    async def _own_among(self, identifiers: list[str]) -> set[str]:
        """Return the ids of what the server itself has, asked for in few large parts."""
        own: set[str] = set()
        for start in range(0, len(identifiers), _ASKED_AT_ONCE):
            part = identifiers[start : start + _ASKED_AT_ONCE]
            own.update(await self._register.own.find_all(part))
        return own

    async def _enter(self, unit: Unit, identifier: str, item: Any, *, is_own: bool) -> None:
        register = self._register
        if self._action is BulkAction.CREATE:
            if is_own:
                raise register.taken(identifier)
            await unit.create(register.kind, item)
            return
        if is_own:
            raise register.not_foreign(identifier)
        if self._action is BulkAction.DELETE:
            await unit.delete(register.kind, identifier)
        elif await unit.find(register.kind, identifier) is None:
            await unit.create(register.kind, item)
        else:
            await unit.replace(register.kind, identifier, item)


def _inside(index: int, finding: Finding) -> Finding:
    separator = "." if finding.path and not finding.path.startswith("[") else ""
    return Finding(finding.code, f"[{index}]{separator}{finding.path}", finding.text)
