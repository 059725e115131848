"""The repository room: identifiables by id, in order, by filters, with their live values.

Reads of what is in memory never wait, the rest is fetched from the store; writes check, commit to
the store and then swap the bytes. It imports ``store``, ``live`` and ``metamodel``, and offers
``Repository``.
"""
