"""Templates: declarations as submodels of kind Template."""

from __future__ import annotations

from typing import Final, assert_never

from submodels.authoring.concepts import concept_descriptions, own_concepts
from submodels.authoring.declaration import (
    AnyElement,
    Collection,
    Element,
    List,
    Meaning,
    MultiLanguageProperty,
    Property,
    Range,
    ReferenceElement,
    Rule,
    Template,
)
from submodels.authoring.documents import Json, administration, lang_strings, reference

_QUALIFIERS: Final = "https://admin-shell.io/SubmodelTemplates"


def template_environment(template: Template) -> Json:
    """Return the environment with a template and the descriptions of our concepts in it."""
    return {
        "submodels": [_submodel(template)],
        "conceptDescriptions": concept_descriptions(own_concepts(template)),
    }


def _submodel(template: Template) -> Json:
    return {
        "modelType": "Submodel",
        "kind": "Template",
        "id": template.template_id,
        "idShort": template.id_short,
        **_words(template.meaning),
        "administration": administration(template.template_id),
        "semanticId": reference(template.semantic_id),
        "submodelElements": [_element(template, element) for element in template.elements],
    }


def _element(template: Template, element: AnyElement, *, in_list: bool = False) -> Json:
    tree: Json = {"modelType": model_type(element)}
    if not in_list:
        tree["idShort"] = element.id_short
    tree |= _words(element.meaning)
    tree["semanticId"] = reference(template.semantic_id_of(element))
    if element.supplemental:
        tree["supplementalSemanticIds"] = [reference(key) for key in element.supplemental]
    rules = (("Cardinality", element.cardinality.value), *element.rules)
    tree["qualifiers"] = [_qualifier(rule) for rule in rules]
    match element:
        case Property(value_type=value_type) | Range(value_type=value_type):
            tree["valueType"] = value_type
        case Collection(elements=children):
            tree["value"] = [_element(template, child) for child in children]
        case List(item=item):
            tree |= list_attributes(template, element)
            tree["value"] = [_element(template, item, in_list=True)]
        case MultiLanguageProperty() | ReferenceElement():
            pass
        case _:
            assert_never(element)
    return tree


def model_type(element: Element) -> str:
    """Return the metamodel's name for the class of an element."""
    structures = {Collection: "SubmodelElementCollection", List: "SubmodelElementList"}
    return structures.get(type(element), type(element).__name__)


def list_attributes(template: Template, element: List) -> Json:
    """Return what a list says of its items (AASd-107, AASd-108)."""
    return {
        "orderRelevant": True,
        "semanticIdListElement": reference(template.semantic_id_of(element.item)),
        "typeValueListElement": model_type(element.item),
    }


def _words(meaning: Meaning | None) -> Json:
    if meaning is None:
        raise ValueError("a template tells what each of its elements means")
    return {
        "displayName": lang_strings(meaning.name),
        "description": lang_strings(meaning.definition),
    }


def _qualifier(rule: Rule) -> Json:
    name, value = rule
    return {
        "kind": "TemplateQualifier",
        "type": f"SMT/{name}",
        "semanticId": reference(f"{_QUALIFIERS}/{name}/1/0"),
        "valueType": "xs:string",
        "value": value,
    }
