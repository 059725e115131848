"""A web UI of somebody else, at the address in ``AAS_WEBUI_URL``, shows a shell of our server."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.clients.documents import SHELL, SUBMODEL, everything, shell
from tests.system.aas_process import AasServer, encoded

ADDRESS = os.environ.get("AAS_WEBUI_URL")
SHOWN_MILLISECONDS = 20_000


@pytest.mark.skipif(ADDRESS is None, reason="AAS_WEBUI_URL names no web UI")
def test_a_shell_is_shown(server: AasServer, tmp_path: Path) -> None:
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("chromium is not installed")
    for path, document in (
        (f"/shells/{encoded(SHELL)}", shell(submodels=(SUBMODEL,))),
        (f"/submodels/{encoded(SUBMODEL)}", everything()),
    ):
        assert server.client.http.put(path, json=document).status_code in (201, 204)
    shell_address = f"{server.client.address}/api/v3/shells/{encoded(SHELL)}"

    shown = subprocess.run(
        [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *(f"--user-data-dir={tmp_path}", f"--virtual-time-budget={SHOWN_MILLISECONDS}"),
            f"{ADDRESS}?aas={quote(shell_address, safe='')}",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert "Press7" in shown.stdout, f"{shown.stdout[-3000:]}\n{server.process.tail()}"
