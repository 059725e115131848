"""What must hold of every value at every moment, whatever happens around it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from tests.system.load_model import Shown, wrong

MAX_AGE: Final = timedelta(seconds=6)
"""How old a value that changes all the time may be and still look good: three keep-alives, and what
two busy cores may take.
"""
MAX_KEPT: Final = 20
"""Findings that are kept in words; all are counted."""


@dataclass
class Judge:
    """Counts what was looked at and what was wrong with it; may be asked by several threads."""

    values: int = 0
    good: int = 0
    not_good: int = 0
    stale: int = 0
    mistaken: int = 0
    findings: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self, name: str, elements: Mapping[str, Shown], now: datetime) -> None:
        """Take in what a client read of the submodel ``name``, which it asked for at ``now``."""
        good = {path: each for path, each in elements.items() if each.quality == "good"}
        stale = [
            path for path, each in good.items() if each.time is None or now - each.time > MAX_AGE
        ]
        mistaken = wrong(dict(elements))
        with self._lock:
            self.values += len(elements)
            self.good += len(good)
            self.not_good += len(elements) - len(good)
            self.stale += len(stale)
            self.mistaken += len(mistaken)
            for path in stale:
                self._note(f"{now:%H:%M:%S} {name} {path} is good and old: {elements[path]}")
            for path, each in mistaken.items():
                self._note(f"{now:%H:%M:%S} {name} {path} shows another's number: {each}")

    def blame(self, text: str) -> None:
        """Keep a finding of another kind."""
        with self._lock:
            self._note(text)

    def _note(self, text: str) -> None:
        if len(self.findings) < MAX_KEPT:
            self.findings.append(text)
