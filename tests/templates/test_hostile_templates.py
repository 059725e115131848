"""Templates that are broken in ways nobody thought of: told or refused, never a crash."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from aas_server.errors import BadRequest
from aas_server.templates.catalog import TemplateCatalog
from aas_server.templates.comparing.comparer import compare
from aas_server.templates.documentation.html_page import html
from aas_server.templates.documentation.markdown_page import markdown
from aas_server.templates.linting.linter import lint
from aas_server.templates.prototype import Template
from aas_server.templates.reading import template_of
from aas_server.templates.value_schema.schema import value_schema

ODD: Final[list[Any]] = [
    *(None, 5, 1.5, True, "", {}, [], [[]], [None], {"a": 1}, "^(", "x" * 3000),
    *({"keys": []}, {"keys": [{"value": 5}]}, {"keys": 5}, [{"modelType": "Property"}]),
    *("xs:nonsense", "SubmodelElementList", "Entity", "Operation", [{"language": [], "text": 1}]),
]
"""What stands where it should not."""
_LARGE: Final = 60


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_templates_with_anything_in_them_are_judged_or_refused(
    published: list[Template], data: st.DataObject
) -> None:
    small = [one for one in published if sum(1 for _ in one.walk()) <= _LARGE]
    whole = data.draw(st.sampled_from(small))
    document = orjson.loads(orjson.dumps(whole.written))
    concepts = orjson.loads(orjson.dumps(whole.concept_descriptions))
    for _ in range(data.draw(st.integers(1, 5))):
        places = list(_places([document, list(concepts.values())]))[2:]
        holder, key = places[data.draw(st.integers(0, len(places) - 1))]
        holder[key] = data.draw(st.sampled_from(ODD))
    try:
        broken = template_of(document, concepts, source="test")
    except BadRequest:
        return
    lint(broken, TemplateCatalog([broken]))
    compare(whole, broken)
    compare(broken, whole)
    Draft202012Validator.check_schema(value_schema(broken))
    assert html(broken)
    assert markdown(broken)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])
