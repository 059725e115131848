"""The live room: values with quality and time, overlaid on documents.

A source (a binding, later a simulation) registers its sinks with the hub and hands it batches of
``LiveValue``; readers see them in the slots of the documents, writers reach the device through
``ElementWriter``. The room knows no protocol and no document store: it imports only ``errors``,
``clock`` and ``metamodel``.
"""
