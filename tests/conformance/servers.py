"""The servers that the tool looks at, with the data that it needs to find."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conformance.suites import SHELL, SUBMODEL
from tests.system.aas_process import AasServer, serve_arguments


@contextmanager
def conformance_server(
    shared: Path, folder: Path, *, fast_lane: bool = True, package: str = "TestDataJson.aasx"
) -> Iterator[AasServer]:
    """Yield a server with the conformance data, for one shell and one submodel of it."""
    with AasServer(
        *serve_arguments(data=folder / "data"),
        *("--shell", SHELL, "--submodel", SUBMODEL),
        folder=folder,
        environment={"AAS_FAST_LANE": str(fast_lane).lower()},
    ) as server:
        content = (shared / "conformance" / package).read_bytes()
        answer = server.client.http.post("/upload", files={"file": (package, content)})
        assert answer.is_success, answer.text
        yield server
