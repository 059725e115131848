"""The submodel descriptors inside one shell descriptor (IDTA-01002, superpath of the registry)."""

from __future__ import annotations

from typing import Any

import msgspec

from aas_server.errors import BadRequest, Conflict, NotFound
from aas_server.metamodel.tree import Node
from aas_server.registry.register import Register, entity_tag
from aas_server.registry.schemas import SUBMODEL_DESCRIPTOR, require
from aas_server.repository.conditions import UNCONDITIONAL, Conditions
from aas_server.repository.document import Document
from aas_server.repository.repository import Repository

_ATTRIBUTE = "submodelDescriptors"


class EmbeddedDescriptors:
    """Submodel descriptors as parts of the shell descriptors of ``shells``.

    Those of an own shell follow from the shell's references and can only be read.
    """

    def __init__(self, repository: Repository, shells: Register) -> None:
        self._repository = repository
        self._shells = shells

    async def all_of(self, shell_id: str, url: str) -> list[Node]:
        """Return the submodel descriptors of a shell; raises ``NotFound``."""
        descriptor = await self._shells.get(shell_id, url)
        shell: Node = msgspec.json.decode(descriptor.body)
        return _listed(shell)

    async def get(self, shell_id: str, submodel_id: str, url: str) -> Node:
        """Return one submodel descriptor of a shell; raises ``NotFound``."""
        listed = await self.all_of(shell_id, url)
        return listed[_index(listed, shell_id, submodel_id)]

    async def create(
        self, shell_id: str, tree: Any, *, actor: str, conditions: Conditions = UNCONDITIONAL
    ) -> Document:
        """Add a submodel descriptor to a foreign shell's.

        Raises ``InvalidDocument``, ``NotFound``, ``Conflict``, ``Forbidden`` for an own shell,
        ``PreconditionFailed``.
        """
        require(SUBMODEL_DESCRIPTOR, tree)

        def added(shell: Node) -> Node:
            listed = _listed(shell)
            present = _find(listed, tree["id"])
            conditions.require(None if present is None else descriptor_tag(listed[present]))
            if present is not None:
                raise Conflict(f"the shell {shell_id!r} has a descriptor of {tree['id']!r} already")
            return {**shell, _ATTRIBUTE: [*listed, tree]}

        return await self._change(shell_id, added, actor)

    async def put(
        self,
        shell_id: str,
        submodel_id: str,
        tree: Any,
        *,
        actor: str,
        conditions: Conditions = UNCONDITIONAL,
    ) -> bool:
        """Set or add a submodel descriptor of a foreign shell's; returns whether it was added.

        Raises as ``create`` does, and ``BadRequest`` for another id.
        """
        require(SUBMODEL_DESCRIPTOR, tree)
        if tree["id"] != submodel_id:
            raise BadRequest(f"is {tree['id']!r}, but the path says {submodel_id!r}", path="id")
        made = False

        def changed(shell: Node) -> Node:
            nonlocal made
            listed = list(_listed(shell))
            present = _find(listed, submodel_id)
            conditions.require(None if present is None else descriptor_tag(listed[present]))
            made = present is None
            if present is None:
                listed.append(tree)
            else:
                listed[present] = tree
            return {**shell, _ATTRIBUTE: listed}

        await self._change(shell_id, changed, actor)
        return made

    async def delete(
        self,
        shell_id: str,
        submodel_id: str,
        *,
        actor: str,
        conditions: Conditions = UNCONDITIONAL,
    ) -> None:
        """Take a submodel descriptor out of a foreign shell's; raises as ``create`` does."""

        def without(shell: Node) -> Node:
            listed = _listed(shell)
            present = _index(listed, shell_id, submodel_id)
            conditions.require(descriptor_tag(listed[present]))
            left = listed[:present] + listed[present + 1 :]
            rest = {name: value for name, value in shell.items() if name != _ATTRIBUTE}
            return {**rest, _ATTRIBUTE: left} if left else rest

        await self._change(shell_id, without, actor)

    async def _change(self, shell_id: str, change: Any, actor: str) -> Document:
        await self._shells.require_foreign(shell_id)
        return await self._repository.edit(self._shells.kind, shell_id, change, actor=actor)


def descriptor_tag(tree: Node) -> str:
    """Return the entity tag of an embedded descriptor, without quotes."""
    return entity_tag(msgspec.json.encode(tree))


def _listed(shell: Node) -> list[Node]:
    listed: list[Node] = shell.get(_ATTRIBUTE) or []
    return listed


def _find(listed: list[Node], submodel_id: str) -> int | None:
    return next((i for i, each in enumerate(listed) if each["id"] == submodel_id), None)


def _index(listed: list[Node], shell_id: str, submodel_id: str) -> int:
    present = _find(listed, submodel_id)
    if present is None:
        raise NotFound(
            f"the descriptor of the shell {shell_id!r} has none of the submodel {submodel_id!r}"
        )
    return present
