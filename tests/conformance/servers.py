"""The servers that the tool looks at, with the data that it needs to find."""

from __future__ import annotations

from pathlib import Path

from tests.conformance.suites import SHELL, SUBMODEL
from tests.system.aas_process import AasServer, serve_arguments


def conformance_server(
    shared: Path, folder: Path, *, fast_lane: bool = True, load: str = "TestDataJson.aasx"
) -> AasServer:
    """Start a server with the conformance data, for one shell and one submodel of it."""
    arguments = serve_arguments(data=folder / "data", load=[shared / "conformance" / load])
    return AasServer(
        *arguments,
        *("--shell", SHELL, "--submodel", SUBMODEL),
        folder=folder,
        environment={"AAS_FAST_LANE": str(fast_lane).lower()},
    )
