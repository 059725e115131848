"""Documents as RDF by the ontology of the specification: Turtle, JSON-LD, N-Quads, N-Triples.

``vocabulary`` is what the ontology says, derived from the classes of aas-core; ``resources`` makes
resources of documents and ``documents`` the way back; ``writing`` offers ``write_rdf`` and
``RdfWriter``, ``reading`` offers ``read_rdf``. It imports ``metamodel`` and ``errors`` only.
"""
