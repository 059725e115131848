"""How every command ends: what it prints, where, and with which code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import typer
import uvloop
from rich.console import Console

from aas_server.errors import AasError
from aas_server.settings import Settings, load_settings


class PlainConsole(Console):
    """A console on which texts of documents cannot steer the terminal."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as ``Console`` does, without signs that are not printable."""
        super().print(*map(_plain, objects), **options)


def _plain(value: Any) -> Any:
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(sign if sign.isprintable() or sign == "\n" else "\ufffd" for sign in value)


out: Final = PlainConsole(highlight=False, soft_wrap=True, emoji=False)
err: Final = PlainConsole(stderr=True, highlight=False, soft_wrap=True, emoji=False)


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


def run(action: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run ``action`` in an event loop of its own and return what it returns.

    An ``AasError`` is printed in words and ends the process with exit code 2.
    """
    with report_errors(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(action())


def with_settings(
    options: dict[str, Any],
    config: Path | None,
    action: Callable[[Settings], Coroutine[Any, Any, Any]],
) -> Any:
    """Return what ``action`` does with the settings of ``options``, the environment and
    ``config``.
    """

    async def act() -> Any:
        return await action(load_settings(options, config=config))

    return run(act)
