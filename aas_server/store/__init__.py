"""The store room: documents that survive a restart.

Offers the ``Store`` protocol (transactions, documents, lists, change log, files, jobs) and its two
forms, SQLite and PostgreSQL; ``opening`` decides which it is, ``care`` copies and checks them. It
imports only ``errors``, ``clock`` and ``metamodel``, and knows documents as bytes under a kind and
an id.
"""
