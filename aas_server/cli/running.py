"""How every command ends: what it prints, where, and with which code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import typer
from rich.console import Console

from aas_server.errors import AasError


class PlainConsole(Console):
    """A console on which texts of documents cannot steer the terminal."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as ``Console`` does, without signs that are not printable."""
        super().print(*map(_plain, objects), **options)


def _plain(value: Any) -> Any:
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(sign if sign.isprintable() or sign == "\n" else "\ufffd" for sign in value)


out: Final = PlainConsole(highlight=False, soft_wrap=True)
err: Final = PlainConsole(stderr=True, highlight=False, soft_wrap=True)


@contextmanager
def report_errors() -> Iterator[None]:
    """Print an ``AasError``, and what the system says of a file, in words; then exit with 2."""
    try:
        yield
    except AasError as error:
        err.print(f"aas-server: {error}", style="red", markup=False)
        raise typer.Exit(2) from error
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        err.print(f"aas-server: {place}{error.strerror or error}", style="red", markup=False)
        raise typer.Exit(2) from error
