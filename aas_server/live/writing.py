"""Several live elements written in one request: tried together, told one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from aas_server.errors import AasError, DeviceError, Finding, NotAllWritten
from aas_server.live.hub import LiveHub
from aas_server.metamodel.id_short_path import IdShortPath, format_id_short_path

AT_A_TIME: Final = 16
"""Writes of one request that are under way at most."""


async def write_together(hub: LiveHub, submodel_id: str, values: Mapping[IdShortPath, Any]) -> None:
    """Send clients' ``values`` (ValueOnly forms, by the paths of live elements) to their devices.

    When one of the elements cannot be written at all, nothing is sent. Devices cannot be made to
    take all or nothing: raises ``NotAllWritten``, which says what of each, when some of them
    refused.
    """
    parts = {}
    for path in values:
        found = hub.find(submodel_id, path)
        if found is not None:
            hub.require_writable(*found)
            parts[path] = found
    turns = asyncio.Semaphore(AT_A_TIME)

    async def write(path: IdShortPath) -> AasError | None:
        async with turns:
            try:
                await hub.write(*parts[path], values[path])
            except AasError as error:
                return error
            return None

    outcomes = await asyncio.gather(*map(write, parts))
    named = [(format_id_short_path(path), each) for path, each in zip(parts, outcomes, strict=True)]
    failed = [_finding(path, each) for path, each in named if each is not None]
    if failed:
        raise NotAllWritten(failed, [path for path, each in named if each is None])


def _finding(path: str, error: AasError) -> Finding:
    text = error.text
    if isinstance(error, DeviceError) and error.status_name not in text:
        text = f"{text}: {error.status_name} (0x{error.status_code:08X})"
    return Finding(error.code, path, text)
