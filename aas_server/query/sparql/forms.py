"""The forms in which questions are answered, by their media types; the preferred ones first."""

from __future__ import annotations

from typing import Final

SOLUTION_FORMS: Final = (
    "application/sparql-results+json",
    "application/sparql-results+xml",
    "text/csv",
    "text/tab-separated-values",
)
"""In what SELECT and ASK are answered."""

GRAPH_FORMS: Final = (
    "text/turtle",
    "application/n-triples",
    "application/rdf+xml",
    "application/ld+json",
)
"""In what CONSTRUCT and DESCRIBE are answered."""
