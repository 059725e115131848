"""Hostile packages, each in a real process: refused, nothing stored, in little memory and time."""

from __future__ import annotations

import base64
import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.packages.measured import MEGABYTE, measured_imports
from tests.packages.packages import (
    NAMESPACE_3_1,
    SUPPLEMENT,
    environment,
    file_element,
    parts_of,
    relationships,
    submodel,
    xml,
    xml_property,
)
from tests.packages.v2_samples import NAMESPACE as NAMESPACE_2_0

MOST_MEMORY = 200 * MEGABYTE
MOST_SECONDS = 5.0

WELL_MADE = parts_of(
    environment(submodel("urn:example:a", file_element("Manual", "/aasx/files/a.txt"))),
    {"aasx/files/a.txt": "content"},
)


def with_environment(text: str | bytes) -> Callable[[Path], None]:
    """Return what writes a package whose environment is ``text``, JSON or XML."""

    def write(file: Path) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in parts_of(text).items():
                archive.writestr(name, content)

    return write


def with_large_part(size: int) -> Callable[[Path], None]:
    def write(file: Path) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in WELL_MADE.items():
                if name != "aasx/files/a.txt":
                    archive.writestr(name, content)
            with archive.open("aasx/files/a.txt", "w") as opened:
                for _ in range(size // MEGABYTE):
                    opened.write(bytes(MEGABYTE))

    return write


def with_parts(count: int, size: int) -> Callable[[Path], None]:
    def write(file: Path) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in WELL_MADE.items():
                archive.writestr(name, content)
            for number in range(count):
                archive.writestr(f"aasx/files/{number}", bytes(size))

    return write


def with_relationships(count: int) -> Callable[[Path], None]:
    def write(file: Path) -> None:
        rels = relationships(*((SUPPLEMENT, f"/aasx/files/{n}") for n in range(count)))
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in {**WELL_MADE, "aasx/_rels/data.json.rels": rels}.items():
                archive.writestr(name, content)

    return write


def overlapping(file: Path) -> None:
    """Write a package whose list names one part thousands of times."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in WELL_MADE.items():
            archive.writestr(name, content)
        archive.writestr("aasx/files/x", bytes(10 * MEGABYTE - 1) + b"x" * 11_000)
        (entry,) = [each for each in archive.infolist() if each.filename == "aasx/files/x"]
        for number in range(5000):
            copy = zipfile.ZipInfo(f"aasx/files/x{number}")
            for attribute in ("CRC", "compress_size", "file_size", "header_offset"):
                setattr(copy, attribute, getattr(entry, attribute))
            copy.compress_type = entry.compress_type
            archive.filelist.append(copy)


def random_text(size: int) -> str:
    return base64.b64encode(Random(7).randbytes(size)).decode()[:size]


def listing(item: str, count: int) -> str:
    return f'{{"submodels":[{noise(item + ",", count)[:-1]}]}}'


def noise(item: str, count: int) -> str:
    """Return ``item`` often, with a digit for each ``#`` so that it does not shrink too much."""
    if "#" not in item:
        return item * count
    digits = Random(7).choices("0123456789", k=count)
    return "".join(item.replace("#", digit) for digit in digits)


def bare(text: str) -> Callable[[Path], None]:
    return lambda file: file.write_text(text) and None


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
COLLECTION = '{"modelType":"SubmodelElementCollection","idShort":"Aa","value":['
ELEMENT_2_0 = '{"modelType":{"name":"Property"},"idShort":"Aa","valueType":"int","value":"#"},'
ATTRIBUTE = '<a b="#"/>'
DEEP = COLLECTION * 400 + "]}" * 400
COLLECTION_2_0 = '{"modelType":{"name":"SubmodelElementCollection"},"idShort":"Aa","value":['
DEEP_2_0 = COLLECTION_2_0 * 300 + "]}" * 300
HOSTILE = {
    "a part of a gigabyte of zeros": with_large_part(1024 * MEGABYTE),
    "many parts of zeros": with_parts(80, MEGABYTE),
    "20,000 parts": with_parts(20_000, 0),
    "parts upon each other": overlapping,
    "an environment of zeros": with_environment(b"{" + bytes(64 * MEGABYTE)),
    "an environment of blanks": with_environment('{"submodels":' + " " * 200 * MEGABYTE + "[]}"),
    "a million empty documents": with_environment(
        f'{{"submodels":[{",".join(["{}"] * 1_300_000)}]}}'
    ),
    "a million arrays": with_environment(listing("[]", 1_300_000)),
    "documents of one digit": with_environment(listing('{"a":#}', 480_000)),
    "arrays of one digit": with_environment(listing("[#]", 900_000)),
    "documents without a package": bare(listing('{"a":#}', 2_000_000)),
    "XML of one digit": with_environment(
        f'<environment xmlns="{NAMESPACE_3_1}">{noise(ATTRIBUTE, 400_000)}</environment>'
    ),
    "XML of 2.0 of one digit": with_environment(
        f'<aasenv xmlns="{NAMESPACE_2_0}"><submodels>{noise(ATTRIBUTE, 400_000)}</submodels>'
        "</aasenv>"
    ),
    "XML without a package": bare(
        f'<environment xmlns="{NAMESPACE_3_1}">{noise(ATTRIBUTE, 1_500_000)}</environment>'
    ),
    "a million elements of XML": with_environment(
        f'<environment xmlns="{NAMESPACE_3_1}">{"<a/>" * 900_000}</environment>'
    ),
    "a million elements of 2.0": with_environment(
        f'<aasenv xmlns="{NAMESPACE_2_0}"><submodels>{"<a/>" * 900_000}</submodels></aasenv>'
    ),
    "deep XML": with_environment(xml("<submodelElementCollection><value>" * 100_000)),
    "deep JSON": with_environment("[" * 1_000_000),
    "deep elements": with_environment(
        f'{{"submodels":[{{"modelType":"Submodel","id":"urn:a","submodelElements":[{DEEP}]}}]}}'
    ),
    "deep elements of 2.0": with_environment(
        '{"assets":[],"submodels":[{"identification":{"id":"urn:a","idType":"IRI"},'
        f'"submodelElements":[{DEEP_2_0}]}}]}}'
    ),
    "a huge text in XML": with_environment(xml(xml_property(random_text(11 * MEGABYTE)))),
    "a huge idShort": with_environment(
        json.dumps({"submodels": [{**submodel("urn:a"), "idShort": random_text(16 * MEGABYTE)}]})
    ),
    "a huge text in JSON": with_environment(
        json.dumps({"submodels": [{**submodel("urn:a"), "idShort": random_text(30 * MEGABYTE)}]})
    ),
    "relationships without end": with_relationships(400_000),
    "elements of one name": with_environment(
        '{"assets":[],"submodels":[{"identification":{"id":"urn:a"},"semanticId":5,'
        f'"submodelElements":[{noise(ELEMENT_2_0, 60_000)[:-1]}]}},{{}}]}}'
    ),
    "a huge number": with_environment('{"submodels":[' + "9" * 3_000_000 + "]}"),
    "a billion laughs": with_environment(
        f'<!DOCTYPE e [<!ENTITY l0 "ha">{LAUGHS}]>' + xml(xml_property("&l9;"))
    ),
    "one long entity often": with_environment(
        f'<!DOCTYPE e [<!ENTITY l "{"x" * 100_000}">]>' + xml(xml_property("&l;" * 100_000))
    ),
    "an entity in a file": with_environment(
        '<!DOCTYPE e [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + xml(xml_property("&x;"))
    ),
}


@pytest.mark.skipif(sys.platform != "linux", reason="the high-water mark is read from /proc")
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_package_is_refused_in_little_memory_and_time(
    tmp_path: Path, project_dir: Path, name: str
) -> None:
    file = tmp_path / "hostile.aasx"
    HOSTILE[name](file)
    (told,) = measured_imports([file], tmp_path / "run", project_dir, within=100)
    assert told.refused in ("BadRequest", "InvalidDocument"), told
    assert told.documents == 0, told
    assert told.seconds < MOST_SECONDS, told
    assert told.peak < MOST_MEMORY, told
