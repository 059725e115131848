"""Packages much larger than memory are read and imported piece by piece.

``AAS_PACKAGE_MEGABYTES`` says how much is in the package, 1024 for what the product promises.
"""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

import pytest

from tests.packages.measured import MEGABYTE, measured_imports
from tests.packages.packages import environment, file_element, parts_of, submodel

TOTAL = int(os.environ.get("AAS_PACKAGE_MEGABYTES", "192")) * MEGABYTE
FILES = 4
MOST_MEMORY = 150 * MEGABYTE


@pytest.mark.skipif(sys.platform != "linux", reason="the high-water mark is read from /proc")
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_package_with_large_files_needs_little_memory(
    tmp_path: Path, project_dir: Path, compression: int
) -> None:
    package = tmp_path / "large.aasx"
    names = [f"aasx/files/{number}.bin" for number in range(FILES)]
    elements = [file_element(f"File{n}", f"/{name}") for n, name in enumerate(names)]
    parts = parts_of(
        environment(submodel("urn:example:large", *elements)), dict.fromkeys(names, "")
    )
    with zipfile.ZipFile(package, "w", compression, compresslevel=1) as archive:
        for name, content in parts.items():
            if name not in names:
                archive.writestr(name, content)
        for number, name in enumerate(names):
            with archive.open(name, "w", force_zip64=True) as opened:
                # Half of it shrinks, so that no part looks like a bomb.
                piece = bytes([number]) * (MEGABYTE // 2) + os.urandom(MEGABYTE // 2)
                for _ in range(TOTAL // FILES // MEGABYTE):
                    opened.write(piece)
    (told,) = measured_imports([package], tmp_path, project_dir, within=600)
    assert (told.refused, told.files, told.documents) == (None, FILES, 1)
    assert told.peak < MOST_MEMORY
