"""The concept descriptions that an instance uses."""

from __future__ import annotations

from collections.abc import Iterator

from aas_server.metamodel.references import semantic_keys
from aas_server.metamodel.tree import Node, walk
from aas_server.templates.prototype import Template
from aas_server.templates.semantics import canonical


def concepts_of(submodel: Node, template: Template) -> Iterator[Node]:
    """Yield the concept descriptions that semantic ids in ``submodel`` lead to."""
    known = {canonical(each): concept for each, concept in template.concept_descriptions.items()}
    seen: set[str] = set()
    for node in (submodel, *(element for _, element in walk(submodel))):
        for keys in semantic_keys(node):
            for identifier in map(canonical, keys):
                if identifier in known and identifier not in seen:
                    seen.add(identifier)
                    yield known[identifier]
