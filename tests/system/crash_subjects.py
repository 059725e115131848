"""What one writer alone changes: documents with all states that they may be in after a crash."""

from __future__ import annotations

import asyncio
import hashlib
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, NamedTuple, TypeAlias

import httpx

from tests.clients.documents import Node, prop, shell, submodel, submodel_reference
from tests.system.aas_process import encoded

LARGEST_TEXT: Final = 20_000
LARGEST_FILE: Final = 1_500_000
"""Bytes of an attachment; what is above 1 MiB is stored in more than one piece."""
LARGE_FILES: Final = 0.1
POLL: Final = 0.01
UNKNOWN: Final = "whether it is stored"
"""Stands in the answer to a write of which nobody knows what became of it."""


class State(NamedTuple):
    """A document after some step of its writer; ``text`` is the step that set its long text."""

    step: int
    text: int


ABSENT: Final[State | None] = None
Send: TypeAlias = Callable[[], Coroutine[Any, Any, httpx.Response]]


class Subject(ABC):
    """``acknowledged`` is the last state that the server confirmed; ``unknown`` are those that were
    asked for since, to which it answered nothing, or that it could not. ``http`` leads to the
    server of the moment.
    """

    kind: ClassVar[str]
    is_told_the_truth: ClassVar[bool] = True
    """Whether an answer that says that the store is away says that nothing has changed, unless it
    says that nobody knows.
    """

    http: httpx.AsyncClient

    def __init__(self, identifier: str, chance: random.Random) -> None:
        self.id = identifier
        self.chance = chance
        self.step = 0
        self.acknowledged: State | None = ABSENT
        self.unknown: list[State | None] = []
        self.confirmed = 0
        """How many changes the server confirmed."""
        self.confirmed_at: datetime | None = None
        """When the last one of them was asked for."""

    @property
    def ids(self) -> list[str]:
        """Return the ids of the documents that there are, or are not, together."""
        return [self.id]

    @property
    def is_sure(self) -> bool:
        return not self.unknown

    @property
    def possible(self) -> list[State | None]:
        """Return the states that the document may be in."""
        return [self.acknowledged, *self.unknown]

    @abstractmethod
    async def change(self) -> httpx.Response:
        """Ask for the next change, whatever it is, and return the answer."""

    @abstractmethod
    async def read(self) -> State | None:
        """Return the state that the document is in; fails when that is only half of one."""

    def settle(self, state: State | None) -> None:
        """Take in which state the document was in after a crash; fails when it is none of those
        that it may be in.
        """
        told = f"{self.kind} {self.id}: {state}, and it may be {self.possible}"
        assert state in self.possible, told
        if state != self.acknowledged:
            self.confirmed_at = None
        self.acknowledged = state
        self.unknown.clear()

    def next(self, *, is_new_text: bool = True) -> State:
        self.step += 1
        former = self.acknowledged
        text = self.step if is_new_text or former is None else former.text
        return State(self.step, text)

    async def attempt(self, send: Send, leaves: State | None, *accepted: int) -> httpx.Response:
        """Send what leaves the document in a new state, and note what came of it.

        A refusal changes nothing, and is a failure when the state before was known.
        """
        was_sure = self.is_sure
        now = datetime.now(UTC)
        asked_at = now.replace(microsecond=now.microsecond // 1000 * 1000)
        self.unknown.append(leaves)
        response = await send()
        told = f"{self.kind} {self.id}, {self.possible}: {response.status_code} {response.text}"
        if response.status_code in accepted:
            self.acknowledged = leaves
            self.unknown.clear()
            self.confirmed += 1
            self.confirmed_at = asked_at
        elif response.status_code < 500:
            assert not was_sure, told
            self.unknown.pop()
        else:
            assert response.status_code == 503, told
            assert "retry-after" in response.headers, told
            if self.is_told_the_truth and UNKNOWN not in response.json()["messages"][0]["text"]:
                self.unknown.pop()
        return response


class OneSubmodel(Subject):
    """A submodel: created, replaced, its values patched, deleted."""

    kind = "submodel"

    async def change(self) -> httpx.Response:
        url = f"/submodels/{encoded(self.id)}"
        if self.is_sure and self.acknowledged is ABSENT:
            state = self.next()
            body = self.document(state)
            return await self.attempt(lambda: self.http.post("/submodels", json=body), state, 201)
        draw = self.chance.random()
        if draw < 0.1:
            return await self.attempt(lambda: self.http.delete(url), ABSENT, 204)
        if draw < 0.6 and self.is_sure:
            state = self.next(is_new_text=False)
            values = {"Step": str(state.step), "Echo": str(state.step)}
            return await self.attempt(
                lambda: self.http.patch(f"{url}/$value", json=values), state, 204
            )
        state = self.next()
        body = self.document(state)
        return await self.attempt(lambda: self.http.put(url, json=body), state, 201, 204)

    async def read(self) -> State | None:
        response = await self.http.get(f"/submodels/{encoded(self.id)}")
        if response.status_code == 404:
            return ABSENT
        assert response.status_code == 200, response.text
        found: Node = response.json()
        step, text = found["submodelElements"][0]["value"], found["submodelElements"][2]["value"]
        state = State(int(step), int(text.partition(" ")[0]))
        assert found == self.document(state), f"half of a document: {str(found)[:1000]}"
        return state

    def document(self, state: State) -> Node:
        return submodel(
            self.id,
            prop("Step", str(state.step)),
            prop("Echo", str(state.step)),
            prop("Text", long_text(self.id, state.text)),
        )


class Attachment(Subject):
    """The file of a submodel that stays otherwise as it is."""

    kind = "attachment"

    def __init__(self, identifier: str, chance: random.Random) -> None:
        super().__init__(identifier, chance)
        self.is_there = False
        self.url = f"/submodels/{encoded(self.id)}/submodel-elements/File"

    async def change(self) -> httpx.Response:
        if not self.is_there:
            # Replaced if it is there, it would lose its file.
            body = submodel(
                self.id, {"modelType": "File", "idShort": "File", "contentType": "text/plain"}
            )
            response = await self.http.post("/submodels", json=body)
            assert response.status_code in (201, 409, 503), response.text
            self.is_there = response.status_code in (201, 409)
            return response
        url = f"{self.url}/attachment"
        if self.acknowledged is not ABSENT and self.chance.random() < 0.1:
            return await self.attempt(lambda: self.http.delete(url), ABSENT, 200)
        state = self.next()
        files = {"file": (f"step-{state.step}.txt", content_of(self.id, state.step), "text/plain")}
        return await self.attempt(lambda: self.http.put(url, files=files), state, 204)

    async def read(self) -> State | None:
        response = await self.http.get(self.url)
        if response.status_code == 404:
            assert not self.is_there, f"{self.id} was created, and is gone"
            return ABSENT
        assert response.status_code == 200, response.text
        name = response.json().get("value")
        content = await self.http.get(f"{self.url}/attachment")
        if name is None:
            assert content.status_code == 404, content.text
            return ABSENT
        assert content.status_code == 200, f"{name}: {content.text}"
        step = int(name.removeprefix("/aasx/files/step-").removesuffix(".txt"))
        assert content.content == content_of(self.id, step), f"another content than {name}"
        return State(step, step)


class ShellWithSubmodel(Subject):
    """A submodel that is created and deleted together with the reference to it from a shell."""

    kind = "shell with its submodel"

    def __init__(self, identifier: str, chance: random.Random) -> None:
        super().__init__(identifier, chance)
        self.is_there = False
        self.holder = f"{identifier}:shell"

    async def change(self) -> httpx.Response:
        if not self.is_there:
            response = await self.http.post("/shells", json=shell(self.holder))
            assert response.status_code in (201, 409, 503), response.text
            self.is_there = response.status_code in (201, 409)
            return response
        url = f"/shells/{encoded(self.holder)}/submodels/{encoded(self.id)}"
        if self.acknowledged is not ABSENT and self.chance.random() < 0.5:
            return await self.attempt(lambda: self.http.delete(url), ABSENT, 204)
        state = self.next()
        body = submodel(self.id, prop("Step", str(state.step)))
        return await self.attempt(lambda: self.http.put(url, json=body), state, 201, 204)

    async def read(self) -> State | None:
        found = await self.http.get(f"/shells/{encoded(self.holder)}")
        if found.status_code == 404:
            assert not self.is_there, f"{self.holder} was created, and is gone"
            return ABSENT
        assert found.status_code == 200, found.text
        references = found.json().get("submodels", [])
        response = await self.http.get(f"/submodels/{encoded(self.id)}")
        if response.status_code == 404:
            assert references == [], "half of two documents: the reference without the submodel"
            return ABSENT
        assert references == [submodel_reference(self.id)], "half of two documents"
        step = int(response.json()["submodelElements"][0]["value"])
        return State(step, step)


class TwoDescriptors(Subject):
    """Two descriptors that a bulk operation changes together."""

    kind = "two descriptors"
    # It may be the job that cannot be looked up.
    is_told_the_truth = False

    async def change(self) -> httpx.Response:
        url = "/bulk/submodel-descriptors"
        if self.acknowledged is not ABSENT and self.chance.random() < 0.2:
            return await self.attempt(lambda: self.bulk("DELETE", url, self.ids), ABSENT, 204)
        state = self.next()
        both = [descriptor(each, state.step) for each in self.ids]
        return await self.attempt(lambda: self.bulk("PUT", url, both), state, 204)

    @property
    def ids(self) -> list[str]:
        return [f"{self.id}:left", f"{self.id}:right"]

    async def bulk(self, method: str, url: str, items: list[Any]) -> httpx.Response:
        """Return the result of a bulk operation, or the answer that says that there is none."""
        accepted = await self.http.request(method, url, json=items)
        if accepted.status_code != 202:
            return accepted
        status = accepted.url.join(accepted.headers["location"])
        while (answer := await self.http.get(status)).status_code == 200:
            await asyncio.sleep(POLL)
        if not answer.is_redirect:
            return answer
        return await self.http.get(answer.url.join(answer.headers["location"]))

    async def read(self) -> State | None:
        found = [await self.step_of(each) for each in self.ids]
        assert len(set(found)) == 1, f"half of two documents: {self.ids} are at {found}"
        return ABSENT if found[0] is None else State(found[0], found[0])

    async def step_of(self, identifier: str) -> int | None:
        response = await self.http.get(f"/submodel-descriptors/{encoded(identifier)}")
        if response.status_code == 404:
            return None
        assert response.status_code == 200, response.text
        return int(response.json()["idShort"].removeprefix("Step"))


def descriptor(identifier: str, step: int) -> Node:
    """Return the descriptor of a submodel that is elsewhere."""
    endpoint = {"interface": "SUBMODEL-3.0", "protocolInformation": {"href": "https://far.example"}}
    return {"id": identifier, "idShort": f"Step{step}", "endpoints": [endpoint]}


def long_text(identifier: str, step: int) -> str:
    """Return a text that tells its step, of a length of its own."""
    chance = random.Random(f"{identifier} {step}")
    return f"{step} ".ljust(chance.randrange(16, LARGEST_TEXT), "abcdefgh"[step % 8])


def content_of(identifier: str, step: int) -> bytes:
    """Return the bytes of a file that are those of no other step."""
    chance = random.Random(f"{identifier} {step}")
    size = chance.randrange(LARGEST_FILE if chance.random() < LARGE_FILES else 4_000)
    digest = hashlib.sha256(f"{identifier} {step}".encode()).hexdigest().encode()
    return (digest * (size // len(digest) + 1))[: size + len(digest)]
