"""What the machines do: pure, synchronous, seeded models that move by ``advance`` only.

The same seed and the same steps give the same values. Imports the standard library only; offers
one class a machine (``mill``, ``robot``, ``moulder``, ``packer``), all of them a ``Machine``.
"""
