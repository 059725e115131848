"""The server as its user starts it, and its API as a client sees it."""

from __future__ import annotations

import base64
import json
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx

from tests.support.processes import POLL_SECONDS, ManagedProcess

START_SECONDS: Final = 60.0
CHANGE_SECONDS: Final = 10.0
"""How long a change at a machine may take to be seen; far more than it does."""
STATUS_SUBMODEL: Final = "urn:aas-server:AssetConnectionStatus"
_ADDRESS: Final = re.compile(r"listens on (http://\S+)")


def aas_server_command(*arguments: str | Path) -> list[str | Path]:
    """Return the command line of ``aas-server``; the console script where it is installed."""
    script = Path(sys.executable).with_name("aas-server")
    program: list[str | Path] = [script]
    if not script.exists():
        program = [sys.executable, "-m", "aas_server.cli"]
    return [*program, *arguments]


def encoded(identifier: str) -> str:
    """Return an id as it stands in a path (base64url without padding)."""
    return base64.urlsafe_b64encode(identifier.encode()).rstrip(b"=").decode()


def encoded_reference(identifier: str) -> str:
    """Return a global reference as the ``semanticId`` parameter takes it."""
    keys = [{"type": "GlobalReference", "value": identifier}]
    return encoded(json.dumps({"type": "ExternalReference", "keys": keys}))


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer to ``GET .../$value``."""

    value: Any
    quality: str
    """The ``AAS-Quality`` header, e.g. ``good``; empty when there is none."""
    headers: Mapping[str, str]

    @property
    def is_good(self) -> bool:
        return self.quality.startswith("good")

    @property
    def is_bad(self) -> bool:
        return self.quality.startswith("bad")


class AasClient:
    """Requests against ``/api/v3``."""

    def __init__(self, address: str) -> None:
        self.http = httpx.Client(base_url=f"{address}/api/v3", timeout=10.0, trust_env=False)
        self.address = address

    def get(self, path: str, **parameters: str) -> Any:
        """Return the body of a successful GET below ``/api/v3``."""
        response = self.http.get(path, params=parameters)
        assert response.status_code == 200, response.text
        return response.json()

    def read(self, submodel: str, path: str) -> Reading:
        response = self.http.get(_element(submodel, path, "/$value"))
        assert response.status_code == 200, response.text
        return Reading(response.json(), response.headers.get("AAS-Quality", ""), response.headers)

    def read_when(
        self,
        submodel: str,
        path: str,
        accept: Callable[[Reading], bool],
        *,
        within: float = CHANGE_SECONDS,
    ) -> Reading:
        """Return the first reading that ``accept`` takes."""
        deadline = time.monotonic() + within
        while not accept(reading := self.read(submodel, path)):
            assert time.monotonic() < deadline, f"{path} after {within:g} s: {reading}"
            time.sleep(POLL_SECONDS)
        return reading

    def element(self, submodel: str, path: str) -> dict[str, Any]:
        element: dict[str, Any] = self.get(_element(submodel, path))
        return element

    def qualifiers(self, submodel: str, path: str) -> dict[str, str]:
        """Return the ValueQualifiers of an element: type to value."""
        return {
            qualifier["type"]: qualifier["value"]
            for qualifier in self.element(submodel, path).get("qualifiers", ())
            if qualifier.get("kind") == "ValueQualifier"
        }

    def write(self, submodel: str, path: str, value: Any) -> httpx.Response:
        return self.http.patch(_element(submodel, path, "/$value"), json=value)

    def submodel_value(self, submodel: str) -> Any:
        return self.get(f"/submodels/{encoded(submodel)}/$value")

    def connection(self, name: str) -> dict[str, Any]:
        """Return what AssetConnectionStatus says about one connection, in the ValueOnly form."""
        status: dict[str, dict[str, Any]] = self.submodel_value(STATUS_SUBMODEL)
        return status[name]

    def connection_when(
        self, name: str, accept: Callable[[Mapping[str, Any]], bool]
    ) -> dict[str, Any]:
        """Return the first report about a connection that ``accept`` takes."""
        deadline = time.monotonic() + CHANGE_SECONDS
        while not accept(report := self.connection(name)):
            assert time.monotonic() < deadline, report
            time.sleep(POLL_SECONDS)
        return report

    def close(self) -> None:
        self.http.close()


class AasServer:
    """One running ``aas-server serve`` or ``aas-server demo``; a context manager that ends it."""

    def __init__(
        self,
        *arguments: str | Path,
        folder: Path,
        command: str = "serve",
        environment: Mapping[str, str] | None = None,
        start_seconds: float = START_SECONDS,
    ) -> None:
        self.process = ManagedProcess(
            aas_server_command(command, "--host", "127.0.0.1", "--port", "0", *arguments),
            folder=folder,
            environment=environment,
        )
        try:
            address = self.process.wait_for_line(_address, within=start_seconds)
        except BaseException:
            self.process.close()
            raise
        self.client = AasClient(address)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.client.close()
        self.process.close()


def serve_arguments(
    *, data: Path, load: Sequence[Path] = (), plant: Path | None = None
) -> list[str | Path]:
    """Return the options of ``aas-server serve``."""
    arguments: list[str | Path] = ["--data", data]
    for path in load:
        arguments += ["--load", path]
    return arguments if plant is None else [*arguments, "--plant", plant]


def _element(submodel: str, path: str, suffix: str = "") -> str:
    return f"/submodels/{encoded(submodel)}/submodel-elements/{path}{suffix}"


def _address(line: str) -> str | None:
    found = _ADDRESS.search(line)
    return found[1] if found else None
