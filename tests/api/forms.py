"""Forms with files as clients send them, and broken ones."""

from __future__ import annotations

from typing import Any

import httpx

BOUNDARY = "the-boundary"
FORM = f"multipart/form-data; boundary={BOUNDARY}"


def part(
    name: str, content: bytes, *, file_name: str | None = None, content_type: str | None = None
) -> bytes:
    """Return one part of a form, its boundary before it."""
    disposition = f'form-data; name="{name}"'
    if file_name is not None:
        disposition += f'; filename="{file_name}"'
    head = f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n"
    if content_type is not None:
        head += f"Content-Type: {content_type}\r\n"
    return head.encode() + b"\r\n" + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


async def send(
    client: httpx.AsyncClient,
    url: str,
    body: Any,
    *,
    method: str = "PUT",
    content_type: str = FORM,
    **headers: str,
) -> httpx.Response:
    """Send ``body``, bytes or an async iterator of them, as a form."""
    sent = {"content-type": content_type}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.request(method, url, content=body, headers=sent)


async def put_file(
    client: httpx.AsyncClient,
    url: str,
    content: bytes,
    *,
    file_name: str = "manual.pdf",
    content_type: str | None = "application/pdf",
    **headers: str,
) -> httpx.Response:
    body = form(part("file", content, file_name=file_name, content_type=content_type))
    return await send(client, url, body, **headers)
