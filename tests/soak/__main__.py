"""``python -m tests.soak``: SOAK_SECONDS (600) of random faults, SOAK_SEED repeats the choices.

Prints a summary, and writes it into ``specs/CONFORMANCE.md`` when the run was long enough.
"""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.conformance.soak import save, summary
from tests.soak.bench import running_bench
from tests.soak.run import Soak

LONG: Final = 600.0
"""Seconds from which on a result is worth being shown."""

WEIGHED: Final = 240.0
"""Seconds from which on memory is compared: before that it is not warm."""


def main() -> int:
    """Return 1 when something was wrong; then no result is written."""
    seconds = float(os.environ.get("SOAK_SECONDS", LONG))
    seed = os.environ.get("SOAK_SEED") or secrets.token_hex(4)
    print(f"SOAK_SEED={seed} SOAK_SECONDS={seconds:g}", flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="aas-soak-") as folder,
        running_bench(Path(folder)) as bench,
    ):
        result = Soak(bench, seconds=seconds, seed=seed).run(with_memory=seconds >= WEIGHED)
        log = bench.server.process.log()
    print(summary(result.as_json()))
    if not result.is_passed:
        print("\n".join(result.findings), file=sys.stderr)
        print(f"the end of the server's log:\n{log[-4000:]}", file=sys.stderr)
        return 1
    if seconds >= LONG:
        save(result.as_json())
    return 0


if __name__ == "__main__":
    sys.exit(main())
