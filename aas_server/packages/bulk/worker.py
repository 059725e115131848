"""A process that checks documents: batches come in, verdicts go out, until nobody asks any more.

Started by ``workers`` with pipes as standard input and output. It ends when its input does, so that
none is left when whoever started it is killed.
"""

from __future__ import annotations

import gc
import os
import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Final

import msgspec

from aas_server.packages.bulk.verdicts import Checker, Manner, Unchecked, Verdict

_LENGTH: Final = 8
"""Bytes that say how long a message is."""
_GARBAGE_AFTER: Final = 100_000
"""Objects between two looks for garbage: trees of documents are no cycles."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The verdicts on a batch; ``failure`` is how it came that there are none, a mistake here."""

    verdicts: list[Verdict]
    failure: str = ""


def main() -> None:
    """Answer each batch on standard input; the first message says how to check."""
    # Nobody waits for the answer to what was asked by one who was killed meanwhile.
    with suppress(BrokenPipeError):
        _answer_all()


def send(target: IO[bytes], message: bytes) -> None:
    """Write one message; raises ``BrokenPipeError`` when nobody reads."""
    target.write(len(message).to_bytes(_LENGTH, "little"))
    target.write(message)
    target.flush()


def receive(source: IO[bytes]) -> bytes | None:
    """Return the next message, or None at the end, also in the middle of one."""
    head = source.read(_LENGTH)
    if len(head) < _LENGTH:
        return None
    length = int.from_bytes(head, "little")
    message = source.read(length)
    return message if len(message) == length else None


def _answer_all() -> None:
    source = sys.stdin.buffer
    target = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # Whatever is printed here must not get among the answers.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    gc.freeze()
    gc.set_threshold(_GARBAGE_AFTER)
    manner = receive(source)
    if manner is None:
        return
    checker = Checker(msgspec.msgpack.decode(manner, type=Manner))
    decoder = msgspec.msgpack.Decoder(list[Unchecked])
    while (message := receive(source)) is not None:
        send(target, msgspec.msgpack.encode(_answer(checker, decoder.decode(message))))


def _answer(checker: Checker, batch: list[Unchecked]) -> Answer:
    try:
        return Answer(checker.verdicts(batch))
    except Exception:
        # Whoever asked raises it, with all that is known here.
        return Answer([], traceback.format_exc())
