"""Data specifications: the content for IEC 61360 (IDTA-01003-a) and what 2.0 had besides."""

from __future__ import annotations

from typing import Final

from aas_server.metamodel.tree import Node
from aas_server.packages.v2.changes import Source, shown
from aas_server.packages.v2.references import external, last_value, reference
from aas_server.packages.v2.values import lang_strings

IEC61360: Final = "https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIEC61360/3/0"
_DATA_TYPES: Final = frozenset(
    {
        "BLOB",
        "BOOLEAN",
        "DATE",
        "FILE",
        "HTML",
        "INTEGER_COUNT",
        "INTEGER_CURRENCY",
        "INTEGER_MEASURE",
        "IRDI",
        "IRI",
        "RATIONAL",
        "RATIONAL_MEASURE",
        "REAL_COUNT",
        "REAL_CURRENCY",
        "REAL_MEASURE",
        "STRING",
        "STRING_TRANSLATABLE",
        "TIME",
        "TIMESTAMP",
    }
)
_OTHER_TYPES: Final = {
    "INTEGER": "INTEGER_COUNT",
    "REAL": "REAL_COUNT",
    "URL": "IRI",
    "URI": "IRI",
    "BOOL": "BOOLEAN",
    "DATETIME": "TIMESTAMP",
    "DOUBLE": "REAL_COUNT",
    "FLOAT": "REAL_COUNT",
    "INT": "INTEGER_COUNT",
}
_WITHOUT_UNIT: Final = {
    "INTEGER_CURRENCY": "INTEGER_COUNT",
    "INTEGER_MEASURE": "INTEGER_COUNT",
    "RATIONAL_MEASURE": "RATIONAL",
    "REAL_CURRENCY": "REAL_COUNT",
    "REAL_MEASURE": "REAL_COUNT",
}
_LEVELS: Final = ("min", "nom", "typ", "max")
_CONTENT_NAMES: Final = ("dataSpecificationIEC61360", "dataSpecificationPhysicalUnit")
_MAX_PREFERRED_NAME: Final = 255
_MAX_SHORT_NAME: Final = 18
_PHYSICAL_UNIT: Final = "unitName"


def embedded_data_specifications(source: Source, name: str | None) -> list[Node]:
    """Take embedded data specifications of what is called ``name``; those without content have no
    place in 3.1.
    """
    found: list[Node] = []
    for each in source.objects("embeddedDataSpecifications", "embeddedDataSpecification"):
        named = reference(each.object("dataSpecification", "hasDataSpecification"))
        content = _content(each)
        each.finish()
        if content is not None:
            _add_english(content, "preferredName", name or "unnamed", each)
            found.append(
                {"dataSpecification": external(IEC61360), "dataSpecificationContent": content}
            )
        elif named is not None:
            _note_without_content(each, named)
    for member in ("hasDataSpecification", "dataSpecification"):
        for each in source.objects(member):
            named = reference(each)
            if named is not None:
                _note_without_content(each, named)
    return found


def with_definitions(concept: Node, source: Source) -> None:
    """Give ``concept`` the English definition that it must have (AASc-3a-008): its name."""
    for each in concept.get("embeddedDataSpecifications", []):
        content = each["dataSpecificationContent"]
        _add_english(content, "definition", content["preferredName"][0]["text"], source)


def _add_english(content: Node, member: str, text: str, source: Source) -> None:
    texts = content.get(member, [])
    if not any(each["language"].lower().split("-")[0] == "en" for each in texts):
        content[member] = [*texts, {"language": "en", "text": text}]
        source.note(member, f"has no English text: {shown(text)} was added")


def _note_without_content(source: Source, named: Node) -> None:
    source.note("", f"names {shown(last_value(named))} without content and was left out")


def _content(source: Source) -> Node | None:
    content = source.object("dataSpecificationContent")
    if content is None:
        return None
    inner = content.object(*_CONTENT_NAMES)
    if inner is not None:
        content.finish()
        content = inner
    content.take("modelType")
    found = _of_unit(content) if _PHYSICAL_UNIT in content else _of_iec61360(content)
    content.finish()
    return found


def _of_iec61360(source: Source) -> Node | None:
    found: Node = {"modelType": "DataSpecificationIec61360"}
    names = lang_strings(source, "preferredName", limit=_MAX_PREFERRED_NAME)
    members = {
        "preferredName": names,
        "shortName": _short_names(source),
        "unit": source.text("unit"),
        "unitId": reference(source.object("unitId")),
        "sourceOfDefinition": source.text("sourceOfDefinition"),
        "symbol": source.text("symbol"),
    }
    members["dataType"] = _data_type(source, has_unit=bool(members["unit"] or members["unitId"]))
    members |= {
        "definition": lang_strings(source, "definition"),
        "valueFormat": source.text("valueFormat"),
        "valueList": _value_list(source.object("valueList")),
        "value": source.text("value"),
        "levelType": _levels(source),
    }
    if members["valueList"] is not None and members["value"] is not None:
        source.note("value", f"stands beside a valueList: left out {shown(members.pop('value'))}")
    source.take("valueType")
    found |= {name: value for name, value in members.items() if value not in (None, [])}
    return found if len(found) > 1 else None


def _short_names(source: Source) -> list[Node]:
    found: list[Node] = []
    for each in lang_strings(source, "shortName"):
        if len(each["text"]) <= _MAX_SHORT_NAME:
            found.append(each)
        else:
            text = f"has more than {_MAX_SHORT_NAME} characters and was left out: "
            source.note("shortName", text + shown(each["text"]))
    return found


def _of_unit(source: Source) -> Node:
    """Return a physical unit, for which 3.1 has no content of its own, as IEC 61360 tells of it."""
    name = source.text("unitName")
    source.note("", "is of a physical unit, which metamodel 3.1 tells as IEC 61360")
    members = {
        "preferredName": [{"language": "en", "text": name}] if name else [],
        "sourceOfDefinition": source.text("sourceOfDefinition"),
        "symbol": source.text("unitSymbol"),
        "definition": lang_strings(source, "definition"),
    }
    found = {name: value for name, value in members.items() if value not in (None, [])}
    return {"modelType": "DataSpecificationIec61360", **found}


def _data_type(source: Source, *, has_unit: bool) -> str | None:
    named = source.word("dataType")
    if named is None:
        return None
    kind = named.upper().replace("-", "_")
    kind = _OTHER_TYPES.get(kind, kind)
    if kind not in _DATA_TYPES:
        source.note("dataType", f"{shown(named)} is unknown to metamodel 3.1 and was left out")
        return None
    if not has_unit:
        kind = _WITHOUT_UNIT.get(kind, kind)
    if kind != named:
        reason = "" if has_unit or kind not in _WITHOUT_UNIT.values() else ", for there is no unit"
        source.note("dataType", f"{named} became {kind}{reason}")
    return kind


def _value_list(source: Source | None) -> Node | None:
    if source is None:
        return None
    pairs: list[Node] = []
    for each in source.objects(
        "valueReferencePairs", "valueReferencePairTypes", "valueReferencePair"
    ):
        value, value_id = each.text("value"), reference(each.object("valueId"))
        each.take("valueType")
        each.finish()
        if value is None and value_id is not None:
            value = last_value(value_id)
            each.note("value", f"is not there: became {shown(value)}, what valueId names")
        if value is not None:
            pairs.append({"value": value} | ({"valueId": value_id} if value_id else {}))
    source.finish()
    return {"valueReferencePairs": pairs} if pairs else None


def _levels(source: Source) -> Node | None:
    value = source.take("levelType")
    if value is None:
        return None
    named = {str(each).strip().lower() for each in (value if isinstance(value, list) else [value])}
    unknown = named.difference(_LEVELS)
    if unknown:
        source.note("levelType", f"holds unknown levels: {shown(', '.join(sorted(unknown)))}")
    return {level: level in named for level in _LEVELS}
