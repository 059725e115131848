"""What more than the metamodel is demanded of submodels that are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from aas_server.errors import Conflict, Finding
from aas_server.metamodel.tree import Node

Judgement = Callable[[Node], list[Finding]]
"""Returns why a submodel, as it is stored, is not taken; may be called in a thread."""


class Guard(Protocol):
    """Has a say in what is written."""

    async def judgement(self) -> Judgement:
        """Return how submodels are judged as things are now."""


class Overtaken(Conflict):
    """A document changed while its next state was being judged: what was built on it is void."""
