"""Homes: the paths that offer one and the same interface, each as part of another service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from aas_server.api.operations.operation import Operation, Profile, Service, profiles


@dataclass(frozen=True, slots=True)
class Part:
    """An operation with a path that is relative to its home, and what decides on its profiles."""

    operation: Operation
    in_template_profiles: bool = False
    in_value_profile: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A path that offers an interface.

    ``suffix`` is what tells the ids of its operations from those of other homes. The numbers are
    those of the profiles that hold its reads and its writes; ``renamed`` are semantic names that
    the interface bears in this service only.
    """

    path: str
    service: Service
    suffix: str
    reads: tuple[int, ...] = (1, 2)
    writes: tuple[int, ...] = (1,)
    template_reads: tuple[int, ...] = ()
    template_writes: tuple[int, ...] = ()
    value_profile: tuple[int, ...] = ()
    implied: str = ""
    renamed: Mapping[str, str] = field(default_factory=dict)

    def place(self, part: Part) -> Operation:
        """Return the operation as this home offers it."""
        operation = part.operation
        return replace(
            operation,
            id=operation.id + self.suffix,
            path=self.path + operation.path,
            aliases=tuple(self.path + alias for alias in operation.aliases),
            profiles=self._profiles(part),
            semantic_names=tuple(self.renamed.get(name, name) for name in operation.semantic_names),
            implied=self.implied,
        )

    def _profiles(self, part: Part) -> tuple[Profile, ...]:
        reading = part.operation.method == "GET"
        numbers = self.reads if reading and not _is_asynchronous(part.operation) else self.writes
        if part.in_template_profiles:
            numbers += self.template_reads if reading else self.template_writes
        if part.in_value_profile:
            numbers += self.value_profile
        return profiles(self.service, *numbers)


def _is_asynchronous(operation: Operation) -> bool:
    """Return whether this is a read of what an invocation left: part of the writing profiles."""
    return "{handleId}" in operation.path
