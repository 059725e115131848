"""Real packages, damaged at random: what is no package is refused, and then nothing is stored.

``AAS_FUZZ_ROUNDS`` and ``AAS_FUZZ_SEED`` make it longer and another one.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final

import pytest

from aas_server.clock import Clock
from aas_server.errors import BadRequest
from aas_server.live.hub import LiveHub
from aas_server.packages.importer import import_contents
from aas_server.packages.reader import read_package
from aas_server.repository.repository import Repository
from aas_server.repository.verifier import Verification, Verifier
from aas_server.store.protocol import Kind
from tests.packages.packages import aasx, zipped
from tests.packages.test_published import published
from tests.packages.v2_samples import JSON, xml_of
from tests.support.memory_store import MemoryStore

ROUNDS = int(os.environ.get("AAS_FUZZ_ROUNDS", "120"))
SEED = int(os.environ.get("AAS_FUZZ_SEED", "6"))
MOST_BYTES = 400_000
TOKENS: Final = (b"<", b">", b"</", b"{", b"}", b"[", b"]", b'"', b",", b":", b"&x;", b"\0")
WORDS: Final = (b"null", b"[]", b"{}", b'""', b"1e999", b"true", b"Submodel", b"id", b"value")


def bytes_changed(body: bytearray, random: Random) -> None:
    for _ in range(random.randint(1, 12)):
        body[random.randrange(len(body))] = random.randrange(256)


def cut(body: bytearray, random: Random) -> None:
    start = random.randrange(len(body))
    del body[start : start + random.choice((1, 8, 100, len(body)))]


def repeated(body: bytearray, random: Random) -> None:
    start = random.randrange(len(body))
    piece = body[start : start + random.randint(1, 300)]
    place = random.randrange(len(body))
    body[place:place] = piece * random.choice((1, 2, 50))


def words_put_in(body: bytearray, random: Random) -> None:
    for _ in range(random.randint(1, 6)):
        start = random.randrange(len(body))
        end = start + random.choice((0, 1, 5))
        body[start:end] = random.choice(TOKENS + WORDS)


CHANGES: Final[tuple[Callable[[bytearray, Random], None], ...]] = (
    bytes_changed,
    cut,
    repeated,
    words_put_in,
)


def changed(body: bytes, random: Random) -> bytes:
    found = bytearray(body or b" ")
    for _ in range(random.randint(1, 3)):
        random.choice(CHANGES)(found, random)
        found = found or bytearray(b" ")
    return bytes(found)


def changed_package(body: bytes, scratch: Path, random: Random) -> bytes:
    """Return a package that is changed as a file, or one with a part that is."""
    if random.random() < 0.3:
        return changed(body, random)
    scratch.write_bytes(body)
    with zipfile.ZipFile(scratch) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if name[-1:] != "/"}
    texts = [name for name in parts if name.endswith((".xml", ".json", ".rels"))]
    name = random.choice(texts)
    parts[name] = changed(parts[name], random)
    if random.random() < 0.2:
        parts[random.choice(("../x", "/x", "aasx/" + name, name.upper() + "x"))] = b"x"
    return zipped(parts)


@pytest.fixture(scope="module")
def packages(shared_dir: Path) -> list[bytes]:
    """Published packages of a handy size, and two of 2.0."""
    found = [file.read_bytes() for file in published(shared_dir, ".aasx")]
    old = [aasx(xml_of(JSON)), aasx(json.loads(json.dumps(JSON)))]
    return [body for body in found if len(body) < MOST_BYTES] + old * 8


async def test_a_damaged_package_is_refused_or_read_and_never_half_stored(
    packages: list[bytes], tmp_path: Path, clock: Clock, hub: LiveHub
) -> None:
    reasons: list[str | None] = []
    for number in range(ROUNDS):
        random = Random(f"{SEED}/{number}")
        file = tmp_path / "package.aasx"
        body = changed_package(random.choice(packages), file, random)
        file.write_bytes(body)
        verification = random.choice((Verification.STRICT, Verification.REPORT))
        repository = Repository(MemoryStore(clock), hub, clock, verifier=Verifier(verification))
        try:
            reasons.append(await refusal(file, repository))
        except Exception as error:
            raise AssertionError(f"AAS_FUZZ_SEED={SEED}, round {number}") from error
        if reasons[-1] is not None:
            assert reasons[-1], (SEED, number)
            assert await stored(repository) == [], (SEED, number)
    assert 0 < sum(reason is not None for reason in reasons) < ROUNDS


async def refusal(file: Path, repository: Repository) -> str | None:
    """Import a package and return why it was refused, None when it was not."""
    try:
        with read_package(file) as contents:
            await import_contents(repository, contents, actor="fuzz")
    except BadRequest as error:
        return str(error)
    return None


async def stored(repository: Repository) -> list[str]:
    return [each.id for kind in Kind async for each in repository.collection(kind)]
