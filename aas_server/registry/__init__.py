"""The registry room: descriptors of shells and submodels, and discovery by asset ids.

What the server's own shells and submodels need is derived from their documents on read and never
stored; what is elsewhere are documents of the repository, checked by their shape. Both stand in one
list. It imports ``repository`` and below, and offers ``Registry``, ``Discovery`` and
``BulkChange``.
"""
