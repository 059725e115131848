"""Requests of all sorts, some sound and most not, the same ones for the same seed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from tests.fuzz.bodies import (
    FORM_TYPE,
    JSON_TYPE,
    NO_FORM,
    NO_JSON,
    field,
    file,
    form,
    mutated,
    scrambled,
)
from tests.fuzz.values import HEADERS, MALFORMED, NOISE
from tests.fuzz.wire import Request
from tests.fuzz.world import BASE_PATH, SAMPLES, SOUND, Operation, world

ROUND: Final = 2500
"""Requests after which the world is put in order again."""
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
_ROUTES: Final = (
    "/",
    "/health",
    "/metrics",
    "/openapi.json",
    "/docs",
    "/ui",
    f"{BASE_PATH}/upload",
    f"{BASE_PATH}/nothing",
    f"{BASE_PATH}/shells/",
    "/api/v2/shells",
    "/api/v3.1/shells",
    "/actuator/health",
    "//",
    "*",
    "/%00",
    "/%FF",
)


def wild(operations: Sequence[Operation], seed: int, count: int) -> Iterator[Request]:
    """Yield ``count`` requests, those included that put the world in order."""
    random = Random(seed)
    made = 0
    while made < count:
        for request in world()[: count - made]:
            made += 1
            yield request
        for _ in range(min(ROUND, count - made)):
            made += 1
            yield _request(random, operations)


def _request(random: Random, operations: Sequence[Operation]) -> Request:
    operation = random.choice(operations)
    method = operation.method if random.random() < 0.93 else random.choice(_METHODS)
    target = _target(random, operation)
    if random.random() < 0.02:
        target = random.choice(_ROUTES)
    headers, body = _body(random, operation)
    for _ in range(random.choice((0, 0, 0, 1, 2))):
        name, values = random.choice(HEADERS)
        if name != "Content-Type" or random.random() < 0.2:
            headers = (
                *(each for each in headers if each[0] != name),
                (name, random.choice(values)),
            )
    return Request(method, target, headers, body)


def _target(random: Random, operation: Operation) -> str:
    path = operation.path
    for name in operation.path_parameters:
        path = path.replace(f"{{{name}}}", _value(random, name, sound=0.85))
    pairs = [
        f"{name}={_value(random, name, sound=0.6)}"
        for name in operation.query_parameters
        if random.random() < 0.3
    ]
    if random.random() < 0.05:
        name = random.choice([*MALFORMED, random.choice(NOISE)])
        pairs += [f"{name}={_value(random, name, sound=0.3)}"] * random.randint(1, 3)
    if random.random() < 0.01:
        path += random.choice(("/", "//", "/$value/$value", "?", "?&&=&", "?limit", "%"))
    return BASE_PATH + path + ("?" + "&".join(pairs) if pairs else "")


def _value(random: Random, name: str, *, sound: float) -> str:
    drawn = random.random()
    if drawn < sound and name in SOUND:
        choices = SOUND[name]
        return choices[0] if random.random() < 0.5 else random.choice(choices)
    if drawn < 0.9 and name in MALFORMED:
        return random.choice(MALFORMED[name])
    return random.choice(NOISE)


def _body(random: Random, operation: Operation) -> tuple[tuple[tuple[str, str], ...], bytes]:
    if operation.schema is None:
        return ((JSON_TYPE,), b"{}") if random.random() < 0.03 else ((), b"")
    if operation.is_form:
        return _form(random, operation.form_file)
    if random.random() < 0.12:
        return (JSON_TYPE,), random.choice(NO_JSON[:-1])
    document = SAMPLES[operation.schema](random)
    if random.random() < 0.55:
        document = mutated(document, random)
    text = json.dumps(document).encode()
    return (JSON_TYPE,), scrambled(text, random) if random.random() < 0.15 else text


def _form(random: Random, sound: bytes) -> tuple[tuple[tuple[str, str], ...], bytes]:
    if random.random() < 0.4:
        content_type, body = random.choice(NO_FORM)
        return (("Content-Type", content_type),), body
    content = random.choice((sound, scrambled(sound, random), random.randbytes(200)))
    body = form(field("fileName", random.choice((b"a.txt", b"../a", b"\xff", b""))), file(content))
    return (FORM_TYPE,), scrambled(body, random) if random.random() < 0.4 else body
