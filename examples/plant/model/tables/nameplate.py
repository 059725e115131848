"""The Digital Nameplate (IDTA 02006 3.0) with the address of Contact Information (IDTA 02002 1.0).

What the machines fill of it, by the identifiers of these templates.
"""

from __future__ import annotations

from typing import Final

from submodels.authoring.declaration import (
    ONE,
    OPTIONAL,
    Cardinality,
    Collection,
    MultiLanguageProperty,
    Property,
    Template,
)

_CDD: Final = "0112/2///61987#"
_ECLASS: Final = "0173-1#02-"


def _text(id_short: str, cardinality: Cardinality, cdd: str, eclass: str) -> MultiLanguageProperty:
    return MultiLanguageProperty(
        id_short, cardinality, semantic_id=_CDD + cdd, supplemental=(_ECLASS + eclass,)
    )


def _property(
    id_short: str, cardinality: Cardinality, cdd: str, eclass: str, value_type: str = "xs:string"
) -> Property:
    return Property(
        id_short,
        cardinality,
        semantic_id=_CDD + cdd,
        supplemental=(_ECLASS + eclass,),
        value_type=value_type,
    )


def _address_line(id_short: str, eclass: str) -> MultiLanguageProperty:
    return MultiLanguageProperty(id_short, ONE, semantic_id=_ECLASS + eclass)


# The published file leaves the address empty; its specification asks for these four.
_ADDRESS: Final = Collection(
    "AddressInformation",
    ONE,
    semantic_id="https://admin-shell.io/zvei/nameplate/1/0/ContactInformations/AddressInformation",
    supplemental=("0112/2///61360_7#AAS002#001", "0173-1#02-AAQ837#008/0173-1#01-ADR448#008"),
    elements=(
        _address_line("Street", "AAO128#002"),
        _address_line("Zipcode", "AAO129#002"),
        _address_line("CityTown", "AAO132#002"),
        _address_line("NationalCode", "AAO134#002"),
    ),
)

NAMEPLATE: Final = Template(
    "Nameplate",
    (
        _property("URIOfTheProduct", ONE, "ABN590#002", "ABH173#003", "xs:anyURI"),
        _text("ManufacturerName", ONE, "ABA565#009", "AAO677#004"),
        _text("ManufacturerProductDesignation", ONE, "ABA567#009", "AAW338#003"),
        _ADDRESS,
        _text("ManufacturerProductFamily", OPTIONAL, "ABP464#002", "AAU731#003"),
        _property("ManufacturerProductType", OPTIONAL, "ABA300#008", "AAO057#004"),
        _property("OrderCodeOfManufacturer", ONE, "ABA950#008", "AAO227#004"),
        _property("SerialNumber", OPTIONAL, "ABA951#009", "AAM556#004"),
        _property("YearOfConstruction", OPTIONAL, "ABP000#002", "AAP906#003"),
        _property("DateOfManufacture", OPTIONAL, "ABB757#007", "AAR972#004", "xs:date"),
        _property("SoftwareVersion", OPTIONAL, "ABA601#008", "AAM737#004"),
        _property("CountryOfOrigin", OPTIONAL, "ABP462#001", "AAO259#007"),
    ),
    foreign_semantic_id="https://admin-shell.io/idta/nameplate/3/0/Nameplate",
    foreign_template_id="https://admin-shell.io/idta/SubmodelTemplate/DigitalNameplate/3/0",
)

SERIAL_NUMBER_ID: Final = f"{_CDD}ABA951#009"
MANUFACTURER_ID: Final = f"{_CDD}ABA565#009"
