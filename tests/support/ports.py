"""TCP ports for what tests start: no two of their processes, side by side or not, get the same.

The kernel gives ports of its ephemeral range to whoever connects or listens next, in another
process of the tests too, and a machine that was killed must find its port free when it returns. So
these come from below that range, each process of the tests takes them from a part of its own, and
the part is used up before a port is given again.
"""

from __future__ import annotations

import os
import re
import socket
from itertools import count
from typing import Final

FIRST: Final = 20_000
EPHEMERAL: Final = 32_768
"""Where Linux begins to give ports away by itself, unless told otherwise."""
WORKERS: Final = 8
"""Processes of one run that get a part of their own; more than two cores have use for."""

_SHARE: Final = (EPHEMERAL - FIRST) // WORKERS


def worker_number() -> int:
    """Return which of the processes that share the tests out this is; 0 when it is alone."""
    digits = re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", ""))
    return int(digits or 0)


_PART: Final = FIRST + worker_number() % WORKERS * _SHARE
# Another run on this machine, of somebody else's, most likely begins elsewhere in its part.
_NUMBERS: Final = count(os.getpid() * 37)


def free_port() -> int:
    """Return a TCP port of the loopback interface that is free now and is given to nobody else."""
    return free_port_range(0)


def free_port_range(following: int) -> int:
    """Return a free port after which as many as ``following`` in a row are free, too."""
    for _ in range(_SHARE):
        base = _PART + next(_NUMBERS) % _SHARE
        if base + following >= _PART + _SHARE:
            continue
        if all(_is_free(base + n) for n in range(following + 1)):
            for _ in range(following):
                next(_NUMBERS)
            return base
    raise AssertionError(f"no {following + 1} free ports in a row")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
