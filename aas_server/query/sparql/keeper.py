"""The process that holds the graphs, and a child of it for each question.

Nothing can break off an evaluation that has begun, nor bound its memory, but the end of its
process. So each question is answered by a fork, which has the graphs as they were at that moment
without copying them: it ends with its answer, at its time limit, when it needs more memory than it
may, or when nobody waits for it any more. It cannot open files or sockets.

Started by ``mirror`` with pipes as standard input and output; it ends when its input does.
"""

from __future__ import annotations

import gc
import os
import resource
import select
import signal
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn

import msgspec

from aas_server.query.sparql.graphs import Graphs
from aas_server.query.sparql.messages import (
    HEAD,
    Answered,
    Cancel,
    Outcome,
    Put,
    Question,
    Reply,
    Request,
    Sync,
    Synced,
    framed,
)

_CHUNK: Final = 1024**2
_NICENESS: Final = 5
"""Values of machines and the API come first."""
_STDIN: Final = 0
_STDOUT: Final = 1


class Keeper:
    """Does what comes in on ``source``, one message after the other, and answers on ``target``."""

    def __init__(self, source: int, target: int) -> None:
        self._graphs = Graphs()
        self._source = source
        self._target = target
        self._decoder = msgspec.msgpack.Decoder(Request)
        self._children: dict[int, _Child] = {}

    def run(self) -> None:
        """Return when the input ends; no child is left then."""
        try:
            while self._turn():
                """There is more to come."""
        finally:
            for child in self._children.values():
                child.kill()
                child.end()

    def _turn(self) -> bool:
        readable, _, _ = select.select([self._source, *self._children], [], [])
        for pipe in readable:
            if pipe == self._source:
                message = _receive(self._source)
                if message is None:
                    return False
                self._do(self._decoder.decode(message))
            elif pipe in self._children and not self._children[pipe].read():
                self._ended(self._children.pop(pipe))
        return True

    def _do(self, request: Request) -> None:
        if isinstance(request, Put):
            self._graphs.put(request.identifier, request.documents, adds=request.adds)
        elif isinstance(request, Question):
            child = self._ask(request)
            self._children[child.pipe] = child
        elif isinstance(request, Sync):
            held = self._graphs
            self._send(Synced(request.number, held.statements, held.garbage, len(held.left_out)))
        else:
            self._cancel(request)

    def _ask(self, question: Question) -> _Child:
        reading, writing = os.pipe()
        process = os.fork()
        if process == 0:
            _answer(self._graphs, question, writing)
        os.close(writing)
        return _Child(process, reading, question)

    def _cancel(self, request: Cancel) -> None:
        for child in self._children.values():
            if child.question.number == request.number:
                child.kill()

    def _ended(self, child: _Child) -> None:
        reply = child.end()
        self._send(Answered(child.question.number, reply.outcome, reply.body, reply.media_type))

    def _send(self, message: msgspec.Struct) -> None:
        _write(self._target, framed(message))


class _Child:
    """A process that answers one question; what it writes comes out of ``pipe``."""

    def __init__(self, process: int, pipe: int, question: Question) -> None:
        self.pipe = pipe
        self.question = question
        self._process = process
        self._parts: list[bytes] = []

    def read(self) -> bool:
        """Take what is there; return False at the end."""
        part = os.read(self.pipe, _CHUNK)
        self._parts.append(part)
        return bool(part)

    def kill(self) -> None:
        """End it at once."""
        with suppress(ProcessLookupError):
            os.kill(self._process, signal.SIGKILL)

    def end(self) -> Reply:
        """Return how it ended, once it has."""
        os.close(self.pipe)
        _, status = os.waitpid(self._process, 0)
        if status == 0:
            return msgspec.msgpack.decode(b"".join(self._parts), type=Reply)
        ended_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        if ended_by == signal.SIGALRM:
            return Reply(
                Outcome.TOO_LONG,
                f"the query took longer than {self.question.seconds:g} s: ask for less".encode(),
            )
        return Reply(Outcome.TOO_COMPLEX, _too_complex(self.question).encode())


def main() -> None:
    """Hold graphs and answer questions about them until the input ends."""
    os.nice(_NICENESS)
    source, target = os.dup(_STDIN), os.dup(_STDOUT)
    # Whatever is printed here must not get among the answers.
    os.dup2(sys.stderr.fileno(), _STDOUT)
    gc.freeze()
    with suppress(BrokenPipeError):
        Keeper(source, target).run()


def _answer(graphs: Graphs, question: Question, pipe: int) -> NoReturn:
    """Answer a question and end this process, which is a fork."""
    try:
        signal.setitimer(signal.ITIMER_REAL, question.seconds)
        _confine(question.max_memory)
        try:
            reply = graphs.ask(question)
        except Exception:
            reply = Reply(Outcome.FAILED, traceback.format_exc().encode())
        if reply.outcome is Outcome.TOO_COMPLEX:
            reply = Reply(reply.outcome, _too_complex(question).encode())
        _write(pipe, msgspec.msgpack.encode(reply))
        os._exit(0)
    finally:
        os._exit(1)


def _confine(memory: int) -> None:
    """Let this process take ``memory`` bytes more than it has, and open nothing."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    statm = Path("/proc/self/statm")
    if statm.exists():
        present = int(statm.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (present + memory, present + memory))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))


def _too_complex(question: Question) -> str:
    return (
        f"the query is too complex, or needs more than {question.max_memory // 1024**2} MiB of "
        "memory: ask for less at a time"
    )


def _receive(source: int) -> bytes | None:
    """Return the next message, None at the end, also in the middle of one."""
    head = _read(source, HEAD)
    return None if head is None else _read(source, int.from_bytes(head, "little"))


def _read(source: int, length: int) -> bytes | None:
    parts: list[bytes] = []
    while length:
        part = os.read(source, min(length, _CHUNK))
        if not part:
            return None
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _write(target: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(target, view) :]
