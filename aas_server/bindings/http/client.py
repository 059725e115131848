"""One HTTP server as it is talked to: verified, within limits, and never anybody else."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

import httpx

from aas_server.bindings.hosts import same_base
from aas_server.bindings.http.problems import (
    BAD_DECODING_ERROR,
    AnswerProblem,
    no_answer,
)
from aas_server.bindings.plant.http import HttpConnectionSettings
from aas_server.errors import ConfigurationError
from aas_server.live.values import BAD_CONFIGURATION_ERROR

MAX_REDIRECTS: Final = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered; ``headers`` in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient:
    """Requests to the server of ``settings``; ``secrets`` are read when it is made.

    Raises ``ConfigurationError`` when a secret or a file of certificates cannot be read; reads
    files.
    """

    def __init__(self, settings: HttpConnectionSettings) -> None:
        self._settings = settings
        self._max_payload = settings.max_payload
        headers = {"accept-encoding": "identity", "user-agent": "aas-server"}
        auth: httpx.Auth | None = None
        if settings.token is not None:
            headers["authorization"] = f"Bearer {settings.token.read()}"
        elif settings.user is not None and settings.password is not None:
            auth = httpx.BasicAuth(settings.user, settings.password.read())
        self._client = httpx.AsyncClient(
            auth=auth,
            headers=headers,
            timeout=httpx.Timeout(settings.timeout),
            limits=httpx.Limits(
                max_connections=settings.max_requests,
                max_keepalive_connections=settings.max_requests,
            ),
            follow_redirects=False,
            trust_env=False,
            verify=_trust(settings),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def request(
        self,
        method: str,
        href: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        """Return the answer to one request; a redirect within the server is followed by a GET.

        Raises ``AnswerProblem`` when none came, or one that is larger than may be.
        """
        url = self._settings.address(href)
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._exchange(method, url, headers, content)
            target = answer.headers.get("location")
            if not 300 <= answer.status < 400 or answer.status == 304 or target is None:
                return answer
            url = self._redirected(url, target)
            if method != "GET":
                raise AnswerProblem(
                    f"the server redirects what is written to {url}: say that address",
                    BAD_CONFIGURATION_ERROR,
                )
        raise AnswerProblem("the server redirects again and again", BAD_CONFIGURATION_ERROR)

    async def _exchange(
        self, method: str, url: str, headers: Mapping[str, str] | None, content: bytes | None
    ) -> Answer:
        body = bytearray()
        async with self._client.stream(method, url, headers=headers, content=content) as response:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > self._max_payload:
                    raise AnswerProblem(
                        f"the answer has more than {self._max_payload} bytes (maxPayload)",
                        BAD_DECODING_ERROR,
                    )
        return Answer(response.status_code, dict(response.headers), bytes(body))

    def _redirected(self, url: str, target: str) -> str:
        goal = urljoin(url, target)
        if not same_base(self._settings.url, goal):
            raise AnswerProblem(
                "the server redirects to another one, which is not followed",
                BAD_CONFIGURATION_ERROR,
            )
        return goal


def failed(error: Exception) -> AnswerProblem:
    """Return why a request failed, whatever it failed with."""
    return error if isinstance(error, AnswerProblem) else no_answer(error)


def _trust(settings: HttpConnectionSettings) -> ssl.SSLContext | bool:
    if not settings.url.startswith("https:"):
        return True
    try:
        return ssl.create_default_context(cafile=None if settings.ca is None else str(settings.ca))
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"{settings.ca}: no certificates in PEM: {error}") from None
