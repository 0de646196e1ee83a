"""Any text in any place of any route: NUL, halves of surrogate pairs, keys that nobody knows.

The routes come from the OpenAPI document, so a new one is tested without being named here.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.llm.scripted import ScriptedChatModel
from tests.api.sse import ask
from tests.application import RunningApi, running_api
from tests.postgres import fresh_database

Ids = Mapping[str, str]

HOSTILE = (
    "\0",
    "\ud83d",
    "\ude00",
    "\ude00\ud83d",
    "\ufffe",
    "\u202e",
    "😀",
    "年假",
    "%",
    "\\u0000",
)
TEXTS = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=3), min_size=1, max_size=4).map(
    "".join
)
NUMBERS = st.integers(-(2**70), 2**70) | st.integers(0, 3)
JSON_SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
ANYTHING = st.recursive(JSON_SCALARS, lambda inner: st.lists(inner, max_size=2), max_leaves=3)
SCALARS: Mapping[str, st.SearchStrategy[Any]] = {
    "integer": st.integers(0, 3) | NUMBERS,
    "number": st.floats(0, 1) | st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "null": st.none(),
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def api(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningApi]:
    """PostgreSQL refuses NUL in a text, where SQLite takes it."""
    with ExitStack() as stack:
        given: dict[str, Any] = {}
        if request.param == "postgresql":
            server = request.getfixturevalue("postgres_server")
            given["database_url"] = stack.enter_context(fresh_database(server, migrated=True))
        folder = tmp_path_factory.mktemp("api")
        yield stack.enter_context(running_api(folder, model=ScriptedChatModel(), **given))


@pytest.fixture(scope="module")
def ids(api: RunningApi) -> Ids:
    """By the name that paths and bodies use: something of each kind that is really there."""
    base_id = api.ingest("人事", {"假期.txt": "年假为每年十五天。"})
    document = api.http.get(f"/api/bases/{base_id}/documents").json()["items"][0]["id"]
    (message,) = [done["message"] for done in ask(api.http, "你好", base_id)["done"]]
    made = {"base_id": base_id, "document_id": document, "message_id": message["id"]}
    return {**made, "conversation_id": message["conversation_id"]}


def test_no_text_is_an_internal_error(api: RunningApi, ids: Ids) -> None:
    document = api.http.get("/openapi.json").json()
    failed = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            try:
                _hammer(api.http, ids, document, method.upper(), path, operation)
            except AssertionError as error:
                failed.append(f"{method.upper()} {path}: {error}")
    assert not failed, "\n".join(failed)


def _hammer(
    http: httpx.Client,
    ids: Ids,
    document: dict[str, Any],
    method: str,
    path: str,
    operation: dict[str, Any],
) -> None:
    parameters = operation.get("parameters", [])
    content = operation.get("requestBody", {}).get("content", {})
    known = {} if method == "DELETE" else ids  # what is there stays there

    @settings(
        max_examples=12,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def send(data: st.DataObject) -> None:
        place, query = path, {}
        for parameter in parameters:
            name = parameter["name"]
            value = data.draw(_values(parameter["schema"], document, known, name), name)
            if parameter["in"] == "path":
                place = place.replace(f"{{{name}}}", _quoted(str(value)) or "_")
            elif parameter["in"] == "query" and value is not None:
                query[name] = str(value)
        given: dict[str, Any] = {}
        if "application/json" in content:
            schema = content["application/json"]["schema"]
            body = data.draw(_values(schema, document, known), "body")
            escaped = json.dumps(body, ensure_ascii=data.draw(st.booleans(), "escaped"))
            given["content"] = escaped.encode("utf-8", "surrogatepass")
            given["headers"] = {"Content-Type": "application/json"}
        elif "multipart/form-data" in content:
            name = data.draw(TEXTS, "file").encode("utf-8", "replace").decode()
            given["files"] = {"file": (f"{name}.txt", data.draw(TEXTS).encode("utf-8", "replace"))}
        search = "&".join(f"{name}={_quoted(value)}" for name, value in query.items())
        answer = http.request(method, f"{place}?{search}", **given)
        _never_internal(answer)

    send()


def _never_internal(answer: httpx.Response) -> None:
    """The scripted model has no answer: 503 says so. Nothing else of ours may fail."""
    assert answer.status_code not in (500, 502), answer.text
    if answer.status_code == 422 and (errors := answer.json().get("errors")):
        fields = [error["field"] for error in errors]
        assert len(set(fields)) == len(fields), "a field is told about twice"
    if answer.headers.get("content-type", "").startswith("text/event-stream"):
        assert '"internal"' not in answer.text


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def _values(
    schema: dict[str, Any], document: dict[str, Any], ids: Ids, name: str = ""
) -> st.SearchStrategy[Any]:
    """Values after a JSON schema, with hostile texts wherever one may stand."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        return st.one_of(*(_values(each, document, ids, name) for each in schema["anyOf"]))
    match schema.get("type"):
        case "object":
            return _objects(schema, document, ids)
        case "array":
            return st.lists(_values(schema["items"], document, ids, name), max_size=2)
        case "string":
            return _texts(schema, ids, name)
        case kind:
            return SCALARS.get(kind or "", ANYTHING)


def _texts(schema: dict[str, Any], ids: Ids, name: str) -> st.SearchStrategy[str]:
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], fullmatch=True) | TEXTS
    real = ids.get(name.replace("_ids", "_id"))
    return TEXTS if real is None else st.sampled_from([real, real]) | TEXTS


def _objects(
    schema: dict[str, Any], document: dict[str, Any], ids: Ids
) -> st.SearchStrategy[dict[str, Any]]:
    """Mostly whole ones, now and then with a key that nobody knows."""
    properties = {
        name: _values(each, document, ids, name)
        for name, each in schema.get("properties", {}).items()
    }
    required = {name: properties[name] for name in schema.get("required", ()) if name in properties}
    optional = {name: each for name, each in properties.items() if name not in required}
    whole = st.fixed_dictionaries(required, optional=optional)
    strange = st.dictionaries(TEXTS, JSON_SCALARS, min_size=1, max_size=1)
    return st.one_of(
        whole, whole, st.tuples(whole, strange).map(lambda both: {**both[0], **both[1]})
    )
