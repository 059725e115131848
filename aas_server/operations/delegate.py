"""Operations that another server carries out: the qualifier ``invocationDelegation``.

Its value is the address. The arguments are posted there as an array of OperationVariables, inputs
first, then inoutputs, and an array of OperationVariables with the outputs and the inoutputs comes
back. Services that were written for BaSyx's servers take and give the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import httpx
import msgspec

from aas_server.errors import AasError, Forbidden, NotAllowed
from aas_server.metamodel.tree import Node
from aas_server.operations.arguments import qualifiers
from aas_server.operations.executor import OperationCall, OperationOutcome

QUALIFIER: Final = "invocationDelegation"
MAX_ANSWER: Final = 16 * 1024 * 1024
"""Bytes of a delegate's answer at most."""

_CONNECT_TIMEOUT: Final = 5.0
_MAX_CONNECTIONS: Final = 100
_SHOWN: Final = 300
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_LAST_PORT: Final = 65535
_GRACE: Final = 1.0


class DelegateFailed(AasError):
    """The server that an Operation is delegated to did not answer as it should."""

    code = "DelegateFailed"


class DelegateExecutor:
    """Carries out Operations by the server that their qualifier names.

    Only ``hosts``, each ``host`` or ``host:port``, are talked to, and redirects are not followed:
    whoever may write a submodel must not send this server wherever he likes.
    """

    def __init__(self, hosts: Iterable[str]) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)
        self._client: httpx.AsyncClient | None = None

    async def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def address(self, operation: Node) -> str | None:
        """Return where ``operation`` is delegated to, None when it is not."""
        for qualifier in qualifiers(operation):
            if qualifier.get("type") == QUALIFIER:
                return str(qualifier.get("value") or "")
        return None

    async def execute(self, call: OperationCall) -> OperationOutcome:
        """Post the arguments to the address and return what comes back.

        Raises ``NotAllowed`` for an address that is none, ``Forbidden`` for a host that is not
        among the allowed ones, ``DelegateFailed`` for everything that goes wrong with the delegate.
        """
        url = self._allowed(self.address(call.operation) or "", call.name)
        body = msgspec.json.encode([{"value": each} for each in call.arguments.values()])
        # The call as a whole is limited by its caller, who then tells that it took too long.
        limit = httpx.Timeout(call.timeout + _GRACE, connect=_CONNECT_TIMEOUT)
        try:
            async with self._connected().stream(
                "POST",
                url,
                content=body,
                headers={"content-type": "application/json", "accept": "application/json"},
                timeout=limit,
            ) as answer:
                content = await _read(answer)
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise DelegateFailed(f"the delegate {url} does not answer: {reason}") from error
        if not answer.is_success:
            raise DelegateFailed(f"the delegate {url} answered {_failure(answer, content)}")
        return OperationOutcome(elements=_elements(content, str(url)))

    def _connected(self) -> httpx.AsyncClient:
        """Return the one client; made when it is needed, for most servers delegate nothing."""
        if self._client is None:
            self._client = httpx.AsyncClient(
                follow_redirects=False,
                trust_env=False,
                limits=httpx.Limits(max_connections=_MAX_CONNECTIONS),
            )
        return self._client

    def _allowed(self, address: str, name: str) -> httpx.URL:
        try:
            url = httpx.URL(address)
        except (httpx.InvalidURL, TypeError) as error:
            raise NotAllowed(f"{name} is delegated to {address!r}: {error}") from error
        port = url.port or _DEFAULT_PORTS.get(url.scheme, 0)
        if not url.host or url.userinfo or url.scheme not in _DEFAULT_PORTS or port > _LAST_PORT:
            raise NotAllowed(
                f"{name} is delegated to {address!r}, which is no http(s)://host[:port]/path "
                f"without a user: mend the qualifier {QUALIFIER}"
            )
        host = f"[{url.host}]" if ":" in url.host else url.host.lower()
        if not {host, f"{host}:{port}"} & self._hosts:
            raise Forbidden(
                f"{name} is delegated to {url.netloc.decode('ascii')}: "
                "the setting delegation_hosts does not allow this host"
            )
        return url


async def _read(answer: httpx.Response) -> bytes:
    content = bytearray()
    async for chunk in answer.aiter_bytes():
        content += chunk
        if len(content) > MAX_ANSWER:
            raise DelegateFailed(
                f"the answer of the delegate {answer.url} is larger than {MAX_ANSWER} bytes"
            )
    return bytes(content)


def _failure(answer: httpx.Response, content: bytes) -> str:
    """Return the status and what a Result in the body says, or the beginning of another body."""
    text = content[: 4 * _SHOWN].decode("utf-8", "replace")
    try:
        messages = msgspec.json.decode(content)["messages"]
        text = "; ".join(str(message["text"]) for message in messages)
    except (msgspec.MsgspecError, LookupError, TypeError):
        text = " ".join(text.split())
    return f"{answer.status_code}: {text[:_SHOWN]}" if text else str(answer.status_code)


def _elements(content: bytes, url: str) -> dict[str, Node]:
    if not content.strip():
        return {}
    try:
        variables: Any = msgspec.json.decode(content)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise DelegateFailed(f"the answer of the delegate {url} is no JSON: {error}") from error
    elements: dict[str, Node] = {}
    for index, variable in enumerate(variables if isinstance(variables, list) else [None]):
        element = variable.get("value") if isinstance(variable, dict) else None
        name = element.get("idShort") if isinstance(element, dict) else None
        if not isinstance(element, dict) or not isinstance(name, str):
            raise DelegateFailed(
                f"the answer of the delegate {url} is no array of OperationVariables: "
                f"[{index}].value must be a submodel element with an idShort"
            )
        elements[name] = element
    return elements
