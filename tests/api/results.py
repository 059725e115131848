"""What every failure must look like (IDTA-01002, Result)."""

from __future__ import annotations

import re
from typing import Any

import httpx

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def message_of(body: Any) -> dict[str, str]:
    """Return the one message of a Result, after checking that it is one and nothing else."""
    assert body.keys() == {"messages"}
    (message,) = body["messages"]
    assert message.keys() == {"code", "correlationId", "messageType", "text", "timestamp"}
    assert message["messageType"] == "Error"
    assert 1 <= len(message["code"]) <= 32
    assert 1 <= len(message["correlationId"]) <= 128
    assert _TIMESTAMP.fullmatch(message["timestamp"])
    assert message["text"]
    return message  # type: ignore[no-any-return]


def refused(response: httpx.Response, status: int) -> str:
    """Return the text of the failure, after checking its status and form."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    return message_of(response.json())["text"]
