"""A long run with random faults: machines and brokers die, freeze and lose their wires while a
server shows their values. ``python -m tests.soak`` (``make soak``); a short one is among the tests.
"""
