"""Processes that check documents, as many as there are processors, and none for a small import."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import IO, Any, Final, Self

import msgspec

from aas_server.errors import Interrupted
from aas_server.packages.bulk.verdicts import Checker, Manner, Unchecked, Verdict
from aas_server.packages.bulk.worker import Answer, receive, send
from aas_server.store.protocol import Kind

WORTH_IT: Final = 8 * 1024**2
"""Bytes of documents from which on processes are started: checking them takes as long as that."""
_MOST: Final = 8
"""Processes at most: more than these can check cannot be read, nor stored."""
_BEYOND: Final = 2
"""Batches that wait for a process, so that none waits for a batch."""
_PATIENCE: Final = 5.0
"""Seconds until a process that has nothing to do any more is killed."""
_PROGRAM: Final = (
    "import sys; sys.path[:] = sys.argv[1:]; "
    "from aas_server.packages.bulk.worker import main; main()"
)


class Workers:
    """Checks batches of documents; ``expected`` bytes of them will come, as far as that is known.

    An asynchronous context: whatever ends it, no process is left. Small imports, and all of them
    where there is one processor, are checked in a thread.
    """

    def __init__(
        self, manner: Manner, *, expected: int = 0, worth_it: int = WORTH_IT, most: int = _MOST
    ) -> None:
        self.manner = manner
        self._here = Checker(manner)
        self._expected = expected
        self._seen = 0
        self._worth_it = worth_it
        count = min(most, _processors())
        self._count = count if count > 1 else 0
        self._processes: list[_Process] = []
        self._idle: SimpleQueue[_Process] = SimpleQueue()
        self._threads = ThreadPoolExecutor(max(1, self._count), thread_name_prefix="checking")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for process in self._processes:
            process.dismiss(at_once=kind is not None)
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
        for process in self._processes:
            await asyncio.to_thread(process.wait)

    @property
    def width(self) -> int:
        """Return how many batches may be asked about at a time."""
        return self._count + _BEYOND if self._processes else 1

    @property
    def process_ids(self) -> list[int]:
        """Return the ids of the processes that were started."""
        return [each.id for each in self._processes]

    async def verdicts(self, batch: Sequence[Unchecked]) -> list[Verdict]:
        """Return a verdict for each document; raises ``Interrupted`` when a process was killed."""
        self._seen += sum(len(document.body) for document in batch)
        is_worth_it = max(self._seen, self._expected) >= self._worth_it
        if is_worth_it and self._count and not self._processes:
            self._start()
        work = self._ask if self._processes else self._here.verdicts
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, batch)

    def verdict_on(self, kind: Kind, source: str, tree: Any) -> Verdict:
        """Return the verdict on a document that was decoded already, found out here and now."""
        return self._here.verdict_on(kind, source, tree)

    def _start(self) -> None:
        for _ in range(self._count):
            process = _Process(self.manner)
            self._processes.append(process)
            self._idle.put(process)

    def _ask(self, batch: Sequence[Unchecked]) -> list[Verdict]:
        process = self._idle.get()
        try:
            return process.ask(batch)
        finally:
            self._idle.put(process)


class _Process:
    def __init__(self, manner: Manner) -> None:
        # In a group of its own: Ctrl-C is for the one who started it, who ends it then. Without
        # the present folder in its path, where anything may lie.
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-P", "-c", _PROGRAM, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,
        )
        self._first: bytes | None = msgspec.msgpack.encode(manner)
        self._decoder = msgspec.msgpack.Decoder(Answer)

    @property
    def id(self) -> int:
        return self._process.pid

    def ask(self, batch: Sequence[Unchecked]) -> list[Verdict]:
        """Return the verdicts of the process; blocks until it has them."""
        message = self._exchange(msgspec.msgpack.encode(batch))
        if message is None:
            raise Interrupted(
                "a process that checks documents was ended from outside, as happens when memory "
                f"runs short (it ended with {self._process.wait()}): nothing was changed"
            )
        answer = self._decoder.decode(message)
        if answer.failure:
            raise RuntimeError(answer.failure)
        return answer.verdicts

    def dismiss(self, *, at_once: bool) -> None:
        """Let the process end when it has answered, or kill it."""
        if at_once:
            self._process.kill()
        elif self._process.stdin is not None:
            _close(self._process.stdin)

    def wait(self) -> None:
        """Return once the process is gone."""
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                _close(pipe)

    def _exchange(self, message: bytes) -> bytes | None:
        source, target = self._process.stdout, self._process.stdin
        if source is None or target is None:
            raise ValueError("the process was started with pipes")
        try:
            if self._first is not None:
                send(target, self._first)
                self._first = None
            send(target, message)
        except BrokenPipeError:
            return None
        return receive(source)


def _close(pipe: IO[bytes]) -> None:
    """Close a pipe, whether somebody reads what was not sent or not."""
    try:
        pipe.close()
    except BrokenPipeError:
        """The process is gone, with what it did not read."""


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
