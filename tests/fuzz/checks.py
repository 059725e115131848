"""What every answer has to be, whatever was asked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from tests.fuzz.wire import Answer, Request

_TIMESTAMP: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
_MEMBERS: Final = frozenset({"messageType", "text", "code", "correlationId", "timestamp"})
_KINDS: Final = frozenset({"Info", "Warning", "Error", "Exception"})
_SHOWN: Final = 60


def complaint(request: Request, answer: Answer) -> str | None:
    """Return what is wrong with ``answer``, None when nothing is."""
    if not answer.status:
        return "no answer"
    if answer.status >= 500:
        return "a failure of the server"
    if answer.status >= 400 and request.method != "HEAD":
        return _no_result(answer)
    return None


def refusal_complaint(request: Request, answer: Answer) -> str | None:
    """Return what is wrong with ``answer`` to a request that has to be refused."""
    if 200 <= answer.status < 400:
        return "not refused"
    problem = complaint(request, answer)
    if problem is None and request.names:
        said = answer.texts().lower()
        if not any(name.lower() in said for name in request.names):
            return f"names none of {request.names}"
    return problem


def report(pairs: Iterable[tuple[Request, Answer, str]]) -> str:
    """Return the complaints, the same kind only a few times."""
    lines: list[str] = []
    kinds: dict[tuple[str, int, str, str], int] = {}
    for request, answer, problem in pairs:
        kind = (problem, answer.status, request.method, request.note)
        kinds[kind] = kinds.get(kind, 0) + 1
        if kinds[kind] <= 2 and len(lines) < _SHOWN:
            lines.append(f"{problem}: {request}\n    -> {answer.status} {answer.body[:400]!r}")
    counts = [f"{count} x {kind}" for kind, count in kinds.items()]
    return "\n".join([*lines, *counts])


def _no_result(answer: Answer) -> str | None:
    if not answer.headers.get("content-type", "").startswith("application/json"):
        return "a refusal that is no JSON"
    try:
        result = json.loads(answer.body)
    except ValueError:
        return "a refusal that is no JSON"
    messages = result.get("messages") if isinstance(result, dict) else None
    if not isinstance(messages, list) or not messages or result.keys() != {"messages"}:
        return "a refusal without messages"
    return next(filter(None, map(_no_message, messages)), None)


def _no_message(message: dict[str, Any]) -> str | None:
    if not message.keys() <= _MEMBERS or not message.get("text"):
        return f"a message that is none: {message}"
    if message["messageType"] not in _KINDS or not 1 <= len(message["code"]) <= 32:
        return f"a message of no kind: {message}"
    if not 1 <= len(message["correlationId"]) <= 128:
        return f"a message without a correlation id: {message}"
    if not _TIMESTAMP.fullmatch(message["timestamp"]):
        return f"a message of no time: {message}"
    return None


def complaints(
    requests: Sequence[Request], answers: Sequence[Answer]
) -> list[tuple[Request, Answer, str]]:
    """Return the answers that are wrong whatever was asked."""
    return [
        (request, answer, problem)
        for request, answer in zip(requests, answers, strict=True)
        if (problem := complaint(request, answer)) is not None
    ]
