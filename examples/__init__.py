"""Things to try the server with; they import no part of ``aas_server`` and are not in its wheel.

``plant`` is a factory of four simulated machines, each with an OPC UA server of its own.
"""
