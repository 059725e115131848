"""News: which documents changed, told to those who must act upon it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import structlog

from aas_server.repository.heads import Key

log = structlog.get_logger(__name__)

Listener: TypeAlias = Callable[[Sequence[Key] | None], None]
"""Hears which documents were created, changed or deleted, by this server or another one on the same
store, once that is durable and readers see it; None when too many to tell changed, so that any may
have. Must be quick: commits wait for it.
"""


class News:
    """Tells all listeners of every commit, in the order in which this server shows them."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def add(self, listener: Listener) -> None:
        """Call ``listener`` from now on."""
        self._listeners.append(listener)

    def remove(self, listener: Listener) -> None:
        """Stop calling ``listener``; nothing happens when it was not called."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def tell(self, changed: Sequence[Key] | None) -> None:
        """Tell that ``changed`` changed; a listener that fails is logged and harms nobody."""
        for listener in tuple(self._listeners):
            try:
                listener(changed)
            except Exception:
                log.exception("a listener of the repository failed")
