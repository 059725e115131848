"""The words that we add to the specification's ontology, so that questions about a plant are short.

A subject is a document or an element, each under its IRI of ``packages.rdf.resources``.
"""

from __future__ import annotations

from typing import Final

from aas_server.packages.rdf.vocabulary import NAMESPACE, XSD

PLANT: Final = "urn:aas-server:rdf/"
"""Where our own words are."""

MEANS: Final = f"{PLANT}means"
"""From whatever has a semantic id to each concept that it, or a supplemental one, names."""
VALUE: Final = f"{PLANT}value"
"""From an element to its value: a literal of its value type, a text in a language, or the IRI of
what a ReferenceElement refers to.
"""
MINIMUM: Final = f"{PLANT}min"
MAXIMUM: Final = f"{PLANT}max"
"""From a Range to its bounds, literals of its value type."""
CONTAINS: Final = f"{PLANT}contains"
"""From a submodel or an element to each element directly in it."""
IN_SUBMODEL: Final = f"{PLANT}inSubmodel"
"""From an element, however deep, to its submodel."""
SUBMODEL: Final = f"{PLANT}submodel"
"""From a shell to its submodels."""
ASSET: Final = f"{PLANT}asset"
"""From a shell, or an Entity, to the asset with its globalAssetId."""
FIRST: Final = f"{PLANT}first"
SECOND: Final = f"{PLANT}second"
"""From a RelationshipElement to what it relates."""
UNIT: Final = f"{PLANT}unit"
"""From a concept description to the unit of its values, as its IEC 61360 content has it."""

QUALITY: Final = f"{PLANT}quality"
STATUS_CODE: Final = f"{PLANT}statusCode"
SOURCE_TIMESTAMP: Final = f"{PLANT}sourceTimestamp"
RECEIVED_TIMESTAMP: Final = f"{PLANT}receivedTimestamp"
"""From an element that shows a machine's value to what is known about that value."""

LIVE_GRAPH: Final = "urn:aas-server:live"
"""The graph with the values of all elements that show a machine's value, and nothing else."""

PREFIXES: Final = {
    "aas": NAMESPACE,
    "plant": PLANT,
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "referable": f"{NAMESPACE}Referable/",
    "xsd": XSD,
}
"""Prefixes that every question may use without declaring them."""
