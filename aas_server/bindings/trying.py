"""Trying bindings without feeding anything: what a protocol offers for ``aas-server check``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aas_server.bindings.binding import Binding
from aas_server.bindings.method import Method
from aas_server.bindings.opcua.pki import Pki
from aas_server.errors import AasError
from aas_server.repository.repository import Repository


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a binding would work, and what the machine says or why not."""

    ok: bool
    text: str


class NotReached(AasError):
    """The machine or broker could not be asked; the text says why."""

    code = "NotReached"


@dataclass(frozen=True, slots=True)
class TrialContext:
    """What trials are made with; without a ``repository`` sinks are not known."""

    pki: Pki
    repository: Repository | None = None


class Trial(Protocol):
    """How one protocol tries the bindings and methods of one connection, changing nothing.

    ``settings`` are the connection's, of the protocol's own class. Returns a finding for each of
    ``bindings`` and then of ``methods``, in their order: their sources are there and may be read,
    and their present values fit their sinks. Takes a few of the connection's timeouts at most, and
    leaves nothing open. Raises ``NotReached`` when there is nobody to ask.
    """

    async def __call__(
        self,
        settings: Any,
        bindings: Sequence[Binding],
        methods: Sequence[Method],
        context: TrialContext,
    ) -> list[Finding]:
        """Try them."""
