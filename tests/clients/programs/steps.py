"""How a program says what it is doing, and what it needs of its command line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def address_and_folder() -> tuple[str, Path]:
    """Return the base address of the API and a folder to write in."""
    return sys.argv[1], Path(sys.argv[2])


def run(*steps: Callable[[], None]) -> None:
    """Carry out ``steps``, naming each before it begins."""
    for step in steps:
        print(step.__name__.replace("_", " "), flush=True)
        step()
    print(f"{len(steps)} steps done")


def refused(call: Callable[[], object], error: type[Exception]) -> Exception:
    """Return the ``error`` that ``call`` raises; it has to."""
    try:
        call()
    except error as raised:
        return raised
    raise AssertionError(f"no {error.__name__}")


def answered(call: Callable[[], T], *errors: type[Exception]) -> T | Exception:
    """Return what ``call`` returns, or the one of ``errors`` that it raises."""
    try:
        return call()
    except errors as raised:
        return raised
