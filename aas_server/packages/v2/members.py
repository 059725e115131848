"""What many things of 2.0 have in common: names, descriptions, semantics, qualifiers, versions."""

from __future__ import annotations

import re
from typing import Any, Final

from aas_server.metamodel.tree import Node
from aas_server.packages.v2.changes import Source, shown
from aas_server.packages.v2.concepts import embedded_data_specifications
from aas_server.packages.v2.references import mended_id_short, reference
from aas_server.packages.v2.values import lang_strings, typed_values

_VERSION: Final = re.compile(r"[vV]?0*([0-9]{1,4})(?:\.0*([0-9]{1,4}))?")
_MAX_ID_SHORT: Final = 128
_MAX_CATEGORY: Final = 128


def present(**members: Any) -> Node:
    """Return an object of the members with content."""
    return {name: value for name, value in members.items() if value not in (None, [], {})}


def referable(source: Source) -> Node:
    """Take the name, category, and description of something."""
    if source.take("parent") is not None:
        source.changes.count("parent was left out, for it follows from the place")
    return present(
        category=_at_most(source, "category", _MAX_CATEGORY),
        idShort=_id_short(source),
        description=lang_strings(source, "description", "descriptions"),
    )


def identifiable(source: Source) -> Node:
    """Take what identifies something, and its administration."""
    identification = source.object("identification")
    identifier = None
    if identification is not None:
        identifier = identification.word("id")
        kind = identification.word("idType") or "not said"
        identification.finish()
        source.changes.count(f"identification became id, its idType {kind} was left out")
    return present(
        id=identifier,
        administration=_administration(source.object("administration")),
        **referable(source),
    )


def semantics(source: Source) -> Node:
    """Take the semantic id."""
    return present(semanticId=reference(source.object("semanticId")))


def data_specifications(source: Source, name: str | None) -> Node:
    """Take embedded data specifications of what is called ``name``."""
    return present(embeddedDataSpecifications=embedded_data_specifications(source, name))


def qualifiers(source: Source) -> Node:
    """Take qualifiers; formulas have no place."""
    found: dict[str, Node] = {}
    for each in source.objects("qualifiers", "qualifier", "constraints"):
        if model_type(each) == "Formula":
            each.note("", "is a Formula, which metamodel 3.1 does not have, and was left out")
            continue
        kind = each.word("type")
        if kind is None:
            each.note("", "is a Qualifier without a type and was left out")
            continue
        qualifier = {
            "type": kind,
            **semantics(each),
            **typed_values(each, "value"),
            **present(valueId=reference(each.object("valueId"))),
        }
        each.finish()
        if found.setdefault(kind, qualifier) is not qualifier:
            each.note("", f"is another Qualifier {shown(kind)} and was left out")
    return present(qualifiers=list(found.values()))


def model_type(source: Source) -> str | None:
    """Take what something is."""
    value = source.take("modelType")
    name = value.get("name") if isinstance(value, dict) else value
    return name if isinstance(name, str) else None


def _id_short(source: Source) -> str | None:
    text = source.text("idShort")
    if text is None:
        return None
    mended = mended_id_short(text)
    if len(mended) > _MAX_ID_SHORT:
        mended = mended[:_MAX_ID_SHORT].rstrip("-")
    if mended != text:
        source.note("idShort", f"{shown(text)} became {shown(mended)}")
    return mended or None


def _at_most(source: Source, name: str, limit: int) -> str | None:
    text = source.text(name)
    if text is not None and len(text) > limit:
        source.note(name, f"has more than {limit} characters and was left out: {shown(text)}")
        return None
    return text


def _administration(source: Source | None) -> Node | None:
    """Return a version and revision as 3.1 has them: numbers of at most four digits."""
    if source is None:
        return None
    told = (source.word("version"), source.word("revision"))
    source.finish()
    version, minor = _numbers(told[0])
    revision, _ = _numbers(told[1])
    # A revision 0 beside a version 1.2 says nothing that the version does not say better.
    kept = (version, minor if minor and revision in (None, "0") else revision)
    if version is None:
        kept = (None, None)
    if kept != told:
        before, after = (f"{one or 'none'}, {other or 'none'}" for one, other in (told, kept))
        source.note("", f"version and revision are numbers in 3.1: {before} became {after}")
    return present(version=kept[0], revision=kept[1]) or None


def _numbers(text: str | None) -> tuple[str | None, str | None]:
    """Return the first two numbers of a version; None for what is not there or no number."""
    matched = _VERSION.fullmatch(text or "")
    first, second = matched.groups() if matched else (None, None)
    return first, second
