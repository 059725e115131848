"""What the server and the process that holds the graphs say to each other, message by message.

A message is eight bytes that say how long it is, and msgpack.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Final, TypeAlias

import msgspec

HEAD: Final = 8
"""Bytes before each message that say how long it is, the lowest first."""


class Described(msgspec.Struct, frozen=True):
    """A document: ``class_name`` as the ontology calls its kind, ``body`` its JSON text as it is
    stored, ``live`` the IRIs of its elements that show machines' values.
    """

    class_name: str
    body: bytes
    live: Sequence[str] = ()


class Put(msgspec.Struct, tag=True, frozen=True):
    """What all documents with ``identifier`` are now; none says that there is none any more.

    With ``adds`` they come to those that are there, else they take their place.
    """

    identifier: str
    documents: Sequence[Described]
    adds: bool = False


class Sync(msgspec.Struct, tag=True, frozen=True):
    """To be answered with ``Synced`` when all that came before it was done."""

    number: int


class Question(msgspec.Struct, tag=True, frozen=True):
    """A query, and what to answer it from beside the graphs that are held.

    ``forms`` and ``graph_forms`` are the media types of the answer, for solutions and for graphs,
    None for a kind that the client does not take. Without ``default_graphs`` and ``named_graphs``,
    and when the query does not name graphs itself, it is about all graphs. ``live`` are the
    statements of the graph of the live values, ``made`` the documents that the server makes itself.
    """

    number: int
    text: str
    form: str | None
    graph_form: str | None
    names_graphs: bool
    default_graphs: Sequence[str]
    named_graphs: Sequence[str]
    live: bytes
    made: Sequence[Described]
    seconds: float
    max_bytes: int
    max_memory: int


class Cancel(msgspec.Struct, tag=True, frozen=True):
    """Nobody waits for the answer to the question ``number`` any more."""

    number: int


class Outcome(enum.Enum):
    """How a question ended."""

    ANSWERED = "answered"
    REFUSED = "refused"
    """The query is no SPARQL, or asks for what is not carried out."""
    NOT_ACCEPTABLE = "notAcceptable"
    TOO_LARGE = "tooLarge"
    TOO_LONG = "tooLong"
    TOO_COMPLEX = "tooComplex"
    FAILED = "failed"
    """A mistake of ours."""


class Answered(msgspec.Struct, tag=True, frozen=True):
    """The end of a question: ``body`` in ``media_type``, or in UTF-8 why there is none."""

    number: int
    outcome: Outcome
    body: bytes
    media_type: str = ""


class Synced(msgspec.Struct, tag=True, frozen=True):
    """What is held: ``statements``, and ``garbage`` that is gone and still takes memory.

    ``left_out`` documents are too deep to be told.
    """

    number: int
    statements: int
    garbage: int
    left_out: int


class Reply(msgspec.Struct, frozen=True):
    """How a question ended, as the process that answered it tells the one that holds the graphs."""

    outcome: Outcome
    body: bytes
    media_type: str = ""


Request: TypeAlias = Put | Sync | Question | Cancel
Response: TypeAlias = Answered | Synced


def framed(message: msgspec.Struct) -> bytes:
    """Return a message as it is sent."""
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(HEAD, "little") + body
