"""The metamodel room: how AAS documents are read, without any state.

Identifiers and their URL form, idShort paths, value types, the walk over a decoded document,
references and the views of Part 2 ($metadata, $value, $path, $reference, level, extent). It imports
only ``errors``. Documents are JSON-like dictionaries in the normal form of IDTA-01001; everything
here is pure and synchronous.
"""
