"""What was derived from documents, kept while it is asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class DerivedCache(Generic[T]):
    """The newest derived things, ``capacity`` of them; the key names a state that never changes."""

    def __init__(self, capacity: int = 4000) -> None:
        self._capacity = capacity
        self._kept: OrderedDict[Hashable, T] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable, derive: Callable[[], T]) -> T:
        """Return what is kept under ``key``, deriving it when it is not."""
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            return kept
        derived = self._kept[key] = derive()
        if len(self._kept) > self._capacity:
            self._kept.popitem(last=False)
        return derived
