"""Who may write what: everybody the few writable variables, within their range."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Generic

from asyncua import ua
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.address_space import AddressSpace, AttributeService
from asyncua.server.user_managers import UserManager
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes

from examples.plant.opcua.publisher import Publisher
from examples.plant.opcua.types import status_code
from examples.plant.vendors.description import M, Variable

_INTERNAL: Final = User(role=UserRole.Admin)


class Operators(UserManager):
    """Lets everybody in, and nobody as an administrator."""

    def get_user(
        self,
        iserver: Any,
        username: str | None = None,
        password: str | None = None,
        certificate: Any = None,
    ) -> User:
        """Return an ordinary user of the name."""
        return User(role=UserRole.User, name=username)


class GuardedAttributes(AttributeService, Generic[M]):
    """The attribute service of a server whose machine decides about writes.

    asyncua has no hook that refuses one write with a status of its own: an exception in its
    PreWrite callback becomes BadInternalError of the whole request.
    """

    def __init__(
        self,
        space: AddressSpace,
        machine: M,
        variables: Mapping[ua.NodeId, Variable[M]],
        publisher: Publisher[M],
    ) -> None:
        super().__init__(space)
        self._space = space
        self._machine = machine
        self._variables = variables
        self._publisher = publisher

    async def write(
        self, params: ua.WriteParameters, user: User = _INTERNAL
    ) -> list[ua.StatusCode]:
        """Write what may be written and return a status for each item."""
        if user.role is UserRole.Admin:
            return await super().write(params, user)
        return [status_code(await self._write(item)) for item in params.NodesToWrite]

    async def _write(self, item: ua.WriteValue) -> int:
        variable = self._variables.get(item.NodeId)
        if variable is None and item.NodeId not in self._space:
            return StatusCodes.BadNodeIdUnknown
        if item.AttributeId != AttributeIds.Value or variable is None or variable.write is None:
            return StatusCodes.BadNotWritable
        if item.IndexRange:
            return StatusCodes.BadWriteNotSupported
        variant = item.Value.Value
        if variant is None or variant.VariantType is not variable.type or variant.is_array:
            return StatusCodes.BadTypeMismatch
        if not variable.write.accepts(variant.Value):
            return StatusCodes.BadOutOfRange
        variable.write.apply(self._machine, variant.Value)
        await self._publisher.publish_one(item.NodeId, datetime.now(UTC))
        return StatusCodes.Good
