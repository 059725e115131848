"""Records: how far a job is as JSON, so that other servers can tell it, and this one after a
restart.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Generic, TypeVar

import msgspec

from aas_server.errors import AasError, Finding
from aas_server.operations.job import JobState, Outcome

T = TypeVar("T")

Plain = str | int | float | bool | None


class JsonCodec(Generic[T]):
    """Results of the type ``kind`` as JSON and back."""

    def __init__(self, kind: type[T]) -> None:
        self._decoder = msgspec.json.Decoder(kind)

    def encode(self, result: T) -> bytes:
        """Return the JSON text of ``result``; raises ``TypeError`` for what JSON does not have."""
        return _encode(result)

    def decode(self, body: bytes) -> T:
        """Return the result; raises ``ValueError`` for what is none."""
        return self._decoder.decode(body)


_NO_RESULT: Final = msgspec.Raw()


class _Error(msgspec.Struct, omit_defaults=True):
    """An error: ``kinds`` are the names of its class and of those that it is derived from."""

    kinds: list[str]
    code: str
    text: str
    path: str | None = None
    findings: list[Finding] | None = None
    more: dict[str, Plain] = {}


class _Record(msgspec.Struct, omit_defaults=True):
    state: JobState
    result: msgspec.Raw = _NO_RESULT
    error: _Error | None = None


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(_Record).decode


def encode_outcome(outcome: Outcome[T], codec: JsonCodec[T]) -> bytes:
    """Return ``outcome`` as JSON.

    Of an error's attributes those are kept that are texts, numbers or findings. Raises as the codec
    does.
    """
    record = _Record(outcome.state)
    if outcome.error is not None:
        record.error = _error_record(outcome.error)
    elif outcome.result is not None:
        record.result = msgspec.Raw(codec.encode(outcome.result))
    return _encode(record)


def decode_outcome(body: bytes, codec: JsonCodec[T]) -> Outcome[T]:
    """Return the outcome that ``encode_outcome`` was given.

    Its error is of the same class, or of the nearest one that is known here. Raises ``ValueError``
    for what is no outcome.
    """
    record = _decode(body)
    return Outcome(
        record.state,
        codec.decode(result) if (result := bytes(record.result)) else None,
        None if record.error is None else _error(record.error),
    )


def _error_record(error: AasError) -> _Error:
    more: dict[str, Any] = dict(vars(error))
    text, path = more.pop("text"), more.pop("path")
    findings = more.pop("findings", None)
    kinds = [_name(kind) for kind in type(error).__mro__ if issubclass(kind, AasError)]
    return _Error(
        kinds,
        error.code,
        text,
        path,
        None if findings is None else list(findings),
        {name: value for name, value in more.items() if isinstance(value, Plain)},
    )


def _error(record: _Error) -> AasError:
    known = {_name(kind): kind for kind in _kinds(AasError)}
    kind = next((known[name] for name in record.kinds if name in known), AasError)
    error = kind.__new__(kind)
    # Not by the class itself: each takes what it says apart in its own way.
    AasError.__init__(error, record.text, path=record.path)
    vars(error).update(record.more)
    if record.findings is not None:
        vars(error)["findings"] = tuple(record.findings)
    if kind.code != record.code:
        vars(error)["code"] = record.code
    return error


def _kinds(kind: type[AasError]) -> Iterator[type[AasError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _kinds(each)


def _name(kind: type[AasError]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
