"""The OPC UA room: one supervised connection per machine, its values to the hub, clients' values to
the machine.

``supervisor`` owns a connection's life and is what the service runs; ``dry_run`` tells what would
happen without subscribing. ``session`` and ``channel`` are the only modules that touch asyncua
below its documented surface; ``security`` says what may be told to whom, ``pki`` whom we trust and
who we are; ``notifications`` and ``variants`` turn OPC UA's values into Python's and back. The room
imports asyncua, ``live``, ``errors``, ``clock`` and the protocol-free half of ``bindings``; nobody
but ``bindings`` imports it.
"""
