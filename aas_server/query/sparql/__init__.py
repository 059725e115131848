"""The SPARQL room: the documents as an RDF store in a process of its own, and questions to it.

``statements`` makes RDF of documents, ``live_statements`` of live values; ``scanning`` reads what
a question may not say; ``graphs`` is the store, ``keeper`` the process that holds it, ``mirror``
keeps one such process in step with the repository, and ``service`` offers ``SparqlService``. It
imports ``packages.rdf`` for the words of the specification's ontology, and what ``query`` may.
"""
