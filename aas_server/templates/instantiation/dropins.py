"""Collections whose content another template defines, and where it does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aas_server.templates.catalog import TemplateCatalog
from aas_server.templates.prototype import Prototype
from aas_server.templates.semantics import canonical

_CONTACTS: Final = "https://admin-shell.io/zvei/nameplate/1/0/ContactInformations"
_DEFINERS: Final = {
    f"{_CONTACTS}/AddressInformation": (_CONTACTS, "ContactInformation"),
    f"{_CONTACTS}/ContactInformation": (_CONTACTS, "ContactInformation"),
    "0112/2///61360_7#AAS034": (_CONTACTS, "ContactInformation"),
    "0173-1#02-AAQ837#007": (_CONTACTS, "ContactInformation"),
}
"""Semantic ids of drop-ins: the semanticId of the defining template, and the prototype's idShort.
No definer is marked in the published files, so that it takes a table."""


def definition(drop_in: Prototype, catalog: TemplateCatalog) -> Prototype | None:
    """Return the prototype that defines the content of a drop-in, None when no template does.

    A known definer comes first, then any collection with content that has the same semanticId.
    """
    for identifier in sorted(drop_in.ids | drop_in.supplemental):
        template_id, name = _DEFINERS.get(identifier, ("", ""))
        for template in catalog.about(template_id) if template_id else ():
            for prototype in template.walk():
                if _stem(prototype) == name and prototype.children:
                    return prototype
    return next(_alike(drop_in, catalog), None)


def _alike(drop_in: Prototype, catalog: TemplateCatalog) -> Iterator[Prototype]:
    wanted = {canonical(each) for each in drop_in.ids}
    for template in catalog:
        for prototype in template.walk():
            is_other = prototype is not drop_in and not prototype.is_drop_in
            same_type = prototype.model_type == drop_in.model_type
            if is_other and same_type and prototype.children and wanted & prototype.ids:
                yield prototype


def _stem(prototype: Prototype) -> str:
    placeholder = prototype.placeholder
    return prototype.id_short if placeholder is None else placeholder.before
