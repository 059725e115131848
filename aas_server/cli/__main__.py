"""``python -m aas_server.cli``: the same as ``aas-server``."""

from aas_server.cli.main import main

main()
