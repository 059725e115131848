"""Imports of any size: documents are split off unread, checked in processes, held as compressed
bytes, and stored together in one transaction by a process that has the store to itself.

``BulkImport`` is for the command line; what comes over HTTP goes through ``packages.importer``.
``verdicts`` and ``worker`` are what the processes load: they import the metamodel and little else.
"""
