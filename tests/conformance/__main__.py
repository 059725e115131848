"""``python -m tests.conformance``: run the official tool and write ``specs/CONFORMANCE.md``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.clients.tools import PROJECT
from tests.conformance.allowed import deviations
from tests.conformance.page import PAGE, page
from tests.conformance.servers import conformance_server
from tests.conformance.suites import run_suites


def main() -> int:
    """Return 1, and leave the page as it is, when the tool says what is not expected."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with conformance_server(PROJECT.parent / "shared", folder / "server") as server:
            results = run_suites(server.client.address, folder)
    unexpected = [line for result in results for line in deviations(result)]
    if unexpected:
        print("\n".join(unexpected), file=sys.stderr)
        return 1
    PAGE.write_text(page(results), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(PROJECT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
