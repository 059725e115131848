"""How far a store's care is, on a terminal; and its end when somebody does not want to wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from aas_server.store.care.rows import Advance

T = TypeVar("T")


class Interrupted(Exception):
    """Raised in the thread that works when nobody waits for it any more."""


async def with_bar(
    what: str, work: Callable[[Advance], Awaitable[T]], *, out: Console, err: Console
) -> T:
    """Return what ``work`` does, which is given what to tell how far it is.

    When this is cancelled, the work ends as soon as it tells next, in whichever thread it is.
    """
    is_given_up = threading.Event()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns,
        console=err,
        transient=True,
        disable=not err.is_terminal,
        # What is printed meanwhile stands above the bar, unless it goes elsewhere.
        redirect_stdout=out.is_terminal,
    ) as progress:
        task = progress.add_task(what, total=None)

        def advance(done: int, total: int) -> None:
            if is_given_up.is_set():
                raise Interrupted
            progress.update(task, completed=done, total=total)

        try:
            return await work(advance)
        except asyncio.CancelledError:
            is_given_up.set()
            raise
