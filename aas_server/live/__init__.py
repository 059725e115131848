"""The live room: values with quality and time, overlaid on documents.

A source (a binding, later a simulation) registers its sinks with the hub and hands it batches of
``LiveValue``; readers see them in the slots of the documents, writers reach the device through
``ElementWriter``, and ``Checkpoints`` keeps last values for the next start. The room knows no
protocol and no documents of others: it imports only ``errors``, ``clock``, ``metamodel`` and of
``store`` what keeps those values.
"""
