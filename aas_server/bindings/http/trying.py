"""Trying addresses: every one is asked once, and its answer tried on the sinks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aas_server.bindings.binding import Binding
from aas_server.bindings.http.client import Answer, HttpClient, failed
from aas_server.bindings.http.problems import AnswerProblem, refused_answer
from aas_server.bindings.messages.trying import try_payload
from aas_server.bindings.method import Method
from aas_server.bindings.plant.http import HttpBindingSettings, HttpConnectionSettings
from aas_server.bindings.trying import Finding, NotReached, TrialContext
from aas_server.errors import ConfigurationError

_Address = tuple[str, tuple[tuple[str, str], ...]]


async def try_addresses(
    settings: HttpConnectionSettings,
    bindings: Sequence[Binding],
    methods: Sequence[Method],
    context: TrialContext,
) -> list[Finding]:
    """Return a finding for each of ``bindings`` and ``methods`` (see ``Trial``); requests are GETs.

    Raises ``NotReached`` when the server cannot be connected to.
    """
    try:
        client = await asyncio.to_thread(HttpClient, settings)
    except ConfigurationError as error:
        raise NotReached(error.text) from error
    addresses = [each for each in dict.fromkeys(map(_address, bindings)) if each is not None]
    room = asyncio.Semaphore(settings.max_requests)

    async def ask(address: _Address) -> Answer | AnswerProblem:
        async with room:
            return await _ask(client, settings.timeout, address)

    try:
        asked = await asyncio.gather(*map(ask, addresses or [("", ())]))
    finally:
        await client.close()
    lost = [each for each in asked if isinstance(each, AnswerProblem) and each.is_lost]
    if lost:
        raise NotReached(lost[0].text)
    answers = dict(zip(addresses, asked, strict=False))
    return [
        *(_finding(binding, answers) for binding in bindings),
        *(Finding(False, "an HTTP server carries out no method") for _ in methods),
    ]


async def _ask(client: HttpClient, timeout: float, address: _Address) -> Answer | AnswerProblem:  # noqa: ASYNC109
    href, headers = address
    try:
        async with asyncio.timeout(2 * timeout):
            answer = await client.request("GET", href, headers=dict(headers))
    except Exception as error:  # whatever a server does, it is told
        return failed(error)
    if 200 <= answer.status < 300:
        return answer
    return refused_answer(answer.status, answer.body)


def _finding(binding: Binding, answers: dict[_Address, Answer | AnswerProblem]) -> Finding:
    address = _address(binding)
    if binding.problem is not None or address is None:
        return Finding(False, binding.problem or "it names no address")
    answer = answers[address]
    if isinstance(answer, AnswerProblem):
        return Finding(False, answer.text)
    return try_payload(binding, answer.body, "answered")


def _address(binding: Binding) -> _Address | None:
    settings = binding.settings
    if not isinstance(settings, HttpBindingSettings):
        return None
    return settings.href, tuple(sorted(settings.headers.items()))
