"""The repository room: identifiables by id, in order, by their indexes, with their live values.

Reads are look-ups in memory and never wait; writes check, commit to the store and then swap the
bytes. It imports ``store``, ``live`` and ``metamodel``, and offers ``Repository``.
"""
