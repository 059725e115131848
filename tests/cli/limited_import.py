"""``aas-server`` in a process that may hold no more than so many bytes, and so each it starts.

Started with the number of bytes and the arguments of the command.
"""

from __future__ import annotations

import resource
import sys

from aas_server.cli.main import main

if __name__ == "__main__":
    limit = int(sys.argv.pop(1))
    # What is mapped from a file does not count: the system takes it back when it likes.
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    main()
