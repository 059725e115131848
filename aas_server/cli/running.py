"""How every command ends: what it prints, where, and with which code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer
from rich.console import Console

from aas_server.errors import AasError

out: Final = Console(highlight=False, soft_wrap=True)
err: Final = Console(stderr=True, highlight=False, soft_wrap=True)


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
