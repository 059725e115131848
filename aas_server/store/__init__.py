"""The store room: documents that survive a restart.

Offers the ``Store`` protocol (transactions, documents, change log) and its SQLite form. It imports
only ``errors``, ``clock`` and ``metamodel``, and knows documents as bytes under a kind and an id.
"""
