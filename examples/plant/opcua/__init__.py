"""Serves a vendor's machine over OPC UA with asyncua's server.

Builds the address space from the vendor's tables, publishes values, refuses what may not be
written, and injects faults by method call. May import ``physics`` and ``vendors``; offers
``machine_server.MachineServer``.
"""
