"""Whoever sends a body, signed in or not, cannot fill the memory of the service with it."""

from collections.abc import Iterator

import pytest

from app.api.bodies import MAX_BODY_BYTES, Bodies
from tests.api.people.house import House

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/session", "application/json"),
        ("/api/session", "multipart/form-data; boundary=b"),
        ("/api/chat", "application/json"),
        ("/api/nowhere", "application/json"),
        ("/api/bots/none", "text/plain"),
    ],
)
@pytest.mark.parametrize("announced", [True, False])
def test_a_larger_body_is_refused_before_it_is_read(
    house: House, path: str, kind: str, announced: bool
) -> None:
    part = b" " * (1 << 20)

    def parts() -> Iterator[bytes]:
        for _ in range(2 * (MAX_BODY_BYTES // len(part))):
            yield part

    length = {"content-length": str(2 * MAX_BODY_BYTES)} if announced else {}
    headers = {"content-type": kind, **length}
    with house.browser() as browser:
        refused = browser.post(path, content=parts(), headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")


def test_under_v1_the_refusal_has_the_form_of_openai(house: House) -> None:
    with house.browser() as browser:
        body = b" " * (MAX_BODY_BYTES + 1)
        refused = browser.post("/v1/chat/completions", content=body, headers=JSON)
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "too_large")


def test_what_is_as_large_as_may_be_is_read(house: House) -> None:
    body = b'{"name": "ada", "password": "x"}'
    with house.browser() as browser:
        answer = browser.post(
            "/api/session", content=body + b" " * (MAX_BODY_BYTES - len(body)), headers=JSON
        )
    assert answer.json()["code"] == "sign_in_failed"


def test_an_upload_has_a_limit_of_its_own(house: House) -> None:
    ada = house.person("ada")
    base_id = ada.post("/api/bases", json={"name": "large"}).json()["id"]
    files = {"file": ("a.txt", b"a line\n" * (MAX_BODY_BYTES // 6))}
    assert ada.post(f"/api/bases/{base_id}/documents", files=files).status_code == 202
    assert ada.post("/api/bases/x/documents", files=files).status_code == 404


async def test_no_more_is_taken_than_the_limit() -> None:
    """A client that sends without end is told no; the rest is not waited for."""
    taken, sent = 0, []

    async def receive() -> dict[str, object]:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": b" " * (1 << 20), "more_body": True}

    async def send(message: dict[str, object]) -> None:
        sent.append(message.get("status"))

    async def app(*_: object) -> None:
        raise AssertionError("it is not called")

    scope = {"type": "http", "method": "POST", "path": "/api/session", "headers": []}
    await Bodies(app)(scope, receive, send)  # type: ignore[arg-type]
    assert (sent[0], taken) == (413, (MAX_BODY_BYTES >> 20) + 1)
