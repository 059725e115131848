"""The metamodel room: how AAS documents are read, changed and verified, without any state.

Identifiers and their URL form, idShort paths, value types, the walk over a decoded document,
references, the views of Part 2 ($metadata, $value, $path, $reference, level, extent), edits,
patches and values written (copies that share what stays), lifting of 3.0 documents and verification
by aas-core. It imports only ``errors``. Documents are JSON-like dictionaries in the normal form of
IDTA-01001; everything here is pure and synchronous.
"""
