"""Terms of Turtle and N-Quads: both write them alike (RDF 1.1 N-Quads, 2)."""

from __future__ import annotations

import re
from typing import Final

from aas_server.packages.rdf.resources import Binary, Iri, Resource, Value
from aas_server.packages.rdf.vocabulary import XSD

_ESCAPED: Final = re.compile('[\\x00-\\x1f"\\\\\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]')
_LANGUAGE: Final = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")
_SHORT: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}


def iri(text: str) -> str:
    """Return an IRI, which must be one, as a term."""
    return f"<{text}>"


def simple(value: Value) -> str:
    """Return an IRI or a literal as a term; raises ``TypeError`` for a resource."""
    if isinstance(value, Resource):
        raise TypeError("a resource has no term of its own")
    if isinstance(value, Iri):
        return f"<{value}>"
    if isinstance(value, Binary):
        return f'"{value}"^^<{XSD}base64Binary>'
    if isinstance(value, bool):
        return f'"{"true" if value else "false"}"^^<{XSD}boolean>'
    if isinstance(value, int):
        return f'"{value}"^^<{XSD}integer>'
    return f'"{_ESCAPED.sub(_escape, value)}"'


def typed(text: str, datatype: str) -> str:
    """Return a literal of the datatype with the IRI ``datatype``."""
    return f'"{_ESCAPED.sub(_escape, text)}"^^<{datatype}>'


def tagged(text: str, language: str) -> str:
    """Return a text in a language, as a plain one where ``language`` is no tag (RFC 5646)."""
    plain = f'"{_ESCAPED.sub(_escape, text)}"'
    return f"{plain}@{language}" if _LANGUAGE.fullmatch(language) else plain


def _escape(found: re.Match[str]) -> str:
    sign = found[0]
    return _SHORT.get(sign) or f"\\u{ord(sign):04X}"
