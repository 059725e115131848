"""Environments as XML of metamodel 3.0 and 3.1: straight into the normal form, and from it.

``grammar`` is what the schema says, derived from the classes of aas-core; ``regular`` reads what
most tools write, fast, ``reading`` anything else, event by event from ``parsing``; ``writing``
offers ``write_regular``. It imports ``metamodel`` and ``errors`` only.
"""
