"""Vectors by a server: the same as here, whatever the protocol; and each way it can fail."""

import base64
import logging
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from ingest.embedding.hashing import HashingEmbedder
from ingest.embedding.model_folder import known_prompts
from ingest.embedding.remote.embedder import (
    NOBODY_WAITS,
    SOMEBODY_WAITS,
    Patience,
    RemoteEmbedder,
    RemoteModel,
)
from ingest.embedding.remote.fake_server import FakeEmbeddings, Fault
from ingest.embedding.remote.lengths import EstimatedLengths
from ingest.embedding.remote.protocols import Protocol, body, vectors_of
from ingest.errors import EmbedderError, EmbedderUnavailable

TEXTS = ["年假为每年十五天。", "The gateway draws 12 watts.", "x", "设备每三天检查一次。" * 3]
KEY = "sk-geheim-1234"


@pytest.fixture
def fake() -> FakeEmbeddings:
    return FakeEmbeddings()


@pytest.fixture
def url(fake: FakeEmbeddings) -> Iterator[str]:
    with fake.serving() as address:
        yield address


class Paused(list[float]):
    """The pauses that were asked for, which take no time."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def embedder(
    url: str,
    *,
    protocol: Protocol = "openai",
    paused: Paused | None = None,
    batch: int = 2,
    requests: int = 4,
    model: RemoteModel | None = None,
    patience: Patience = NOBODY_WAITS,
) -> RemoteEmbedder:
    return RemoteEmbedder(
        model or model_at(url, protocol),
        batch=batch,
        requests=requests,
        patience=patience,
        probe_s=0,
        sleep=Paused() if paused is None else paused,
    )


def model_at(url: str, protocol: Protocol = "openai") -> RemoteModel:
    below = "" if protocol == "tei" else "/v1"
    return RemoteModel(url + below, "hashing", "hashing", 256, 512, protocol)


@pytest.mark.parametrize("protocol", ["openai", "zhiwen", "tei"])
def test_the_vectors_are_those_of_the_model(url: str, protocol: Protocol) -> None:
    remote = embedder(url, protocol=protocol)
    found = remote.embed(TEXTS, kind="document")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, HashingEmbedder().embed(TEXTS, kind="document"))
    assert remote.embed([], kind="document").shape == (0, 256)
    assert remote.why_down() == ""


def test_batches_are_bounded_in_size_and_number(url: str, fake: FakeEmbeddings) -> None:
    fake.delay_s = 0.02
    texts = [f"第{number}条" for number in range(21)]
    found = embedder(url, batch=2, requests=3).embed(texts, kind="document")
    np.testing.assert_array_equal(found, HashingEmbedder().embed(texts, kind="document"))
    assert sorted(len(asked["input"]) for asked in fake.bodies) == [1, *[2] * 10]
    assert 1 <= fake.busiest <= 3


def test_base64_is_read_as_well_as_numbers() -> None:
    rows = HashingEmbedder(8).embed(TEXTS, kind="document")
    data = [{"embedding": base64.b64encode(row.tobytes()).decode()} for row in rows]
    np.testing.assert_array_equal(vectors_of("openai", {"data": data}, len(TEXTS)), rows)


def test_prompts_go_in_front_unless_the_server_knows_them(url: str, fake: FakeEmbeddings) -> None:
    query, document = known_prompts("multilingual-e5-small")
    prompted = replace(model_at(url), query_prompt=query, document_prompt=document)
    embedder(url, model=prompted).embed(["年假"], kind="query")
    embedder(url, model=prompted).embed(["年假"], kind="document")
    embedder(url, model=replace(prompted, protocol="zhiwen")).embed(["年假"], kind="query")
    assert [asked["input"] for asked in fake.bodies] == [
        ["query: 年假"],
        ["passage: 年假"],
        ["年假"],
    ]
    assert fake.bodies[2]["input_type"] == "query" and "input_type" not in fake.bodies[0]


def test_what_is_too_long_is_cut_here(url: str, fake: FakeEmbeddings) -> None:
    embedder(url, model=replace(model_at(url), max_tokens=20)).embed(["假" * 90], kind="query")
    assert fake.bodies[0]["input"] == ["假" * 16]


def test_an_estimate_counts_characters_words_and_marks() -> None:
    lengths = EstimatedLengths()
    assert lengths.counts(["年假，", "gateway 24", "", "\n"]) == [3, 3, 0, 0]
    assert lengths.cut("gateway draws", 3) == "gateway draw"
    assert lengths.cut("gateway", 0) == "g", "never nothing"


@pytest.mark.parametrize("text", ["A" * 5000, "https://example.com/" + "A" * 5000, "7" * 5000])
def test_an_estimate_cuts_inside_what_has_no_end(text: str) -> None:
    lengths = EstimatedLengths()
    assert lengths.counts([lengths.cut(text, 500)]) == [500]


@pytest.mark.parametrize("status", [429, 502, 503, 504, 0])
def test_what_passes_is_tried_again(url: str, fake: FakeEmbeddings, status: int) -> None:
    fake.faults = [Fault(status), Fault(status)]
    paused = Paused()
    embedder(url, paused=paused).embed(["年假"], kind="query")
    assert paused == [0.2, 0.5]


def test_the_server_says_when_to_come_back(url: str, fake: FakeEmbeddings) -> None:
    later = Fault(429, headers=(("Retry-After", "7"),))
    fake.faults = [later]
    paused = Paused()
    embedder(url, paused=paused).embed(["年假"], kind="document")
    fake.faults = [later]
    embedder(url, paused=paused, patience=SOMEBODY_WAITS).embed(["年假"], kind="document")
    assert paused == [7, 1], "nobody waits seven seconds for an answer"


def test_a_dead_server_is_unavailable_and_says_so() -> None:
    with FakeEmbeddings().serving() as address:
        pass
    remote = embedder(address)
    with pytest.raises(EmbedderUnavailable, match="is not reached"):
        remote.embed(["年假"], kind="query")
    assert "127.0.0.1" in remote.why_down()


def test_too_many_requests_are_no_server_that_is_away(url: str, fake: FakeEmbeddings) -> None:
    remote = embedder(url, patience=SOMEBODY_WAITS)
    fake.faults = [Fault(429)]
    assert remote.why_down() == ""
    fake.faults = [Fault(429)] * 3
    with pytest.raises(EmbedderUnavailable, match="429"):
        remote.embed(["年假"], kind="query")
    fake.faults = [Fault(503)]
    assert "503" in remote.why_down()


@pytest.mark.parametrize(
    "choking",
    [
        Fault(500, "unsupported value: NaN"),
        Fault(424, "input is too large"),
        Fault(502, "upstream broke off"),
        Fault(0),
        Fault(200, '{"data": []}'),
    ],
)
def test_a_text_that_the_server_chokes_on_is_at_fault(
    url: str, fake: FakeEmbeddings, choking: Fault
) -> None:
    fake.chokes_on, fake.choking = "毒", choking
    remote = embedder(url)
    with pytest.raises(EmbedderError, match="vectors for other texts") as raised:
        remote.embed(["年假", "毒"], kind="document")
    assert not isinstance(raised.value, EmbedderUnavailable)
    assert remote.why_down() == ""
    assert remote.embed(["年假"], kind="document").shape == (1, 256)


def test_one_hiccup_is_no_fault_of_the_text(url: str, fake: FakeEmbeddings) -> None:
    fake.faults = [Fault(500, "out of memory")]
    assert embedder(url).embed(["年假"], kind="document").shape == (1, 256)


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_no_fault_of_the_text(url: str, fake: FakeEmbeddings, status: int) -> None:
    fake.chokes_on, fake.choking = "年假", Fault(status)
    with pytest.raises(EmbedderUnavailable, match=str(status)):
        embedder(url).embed(["年假"], kind="document")


def test_nobody_waits_until_a_fault_is_found(url: str, fake: FakeEmbeddings) -> None:
    fake.faults = [Fault(500, "out of memory")]
    with pytest.raises(EmbedderUnavailable, match="out of memory"):
        embedder(url, patience=SOMEBODY_WAITS).embed(["年假"], kind="document")


def test_it_is_up_again_when_it_answers(url: str, fake: FakeEmbeddings) -> None:
    fake.faults = [Fault(500, "out of memory")]
    remote = embedder(url)
    assert "500: out of memory" in remote.why_down()
    assert remote.why_down() == ""


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(302, headers=(("Location", "http://169.254.169.254/"),)), "redirects"),
        (Fault(404, "no such path"), "404: no such path"),
        (Fault(200, "<h1>sign in</h1>"), "no JSON"),
        (Fault(200, '{"detail": "hello"}'), "without vectors"),
        (Fault(200, '{"data": []}'), "0 vectors for 1 texts"),
        (Fault(200, '{"data": ["x"]}'), "without vectors"),
    ],
)
def test_a_wrong_server_is_no_fault_of_the_text(
    url: str, fake: FakeEmbeddings, fault: Fault, said: str
) -> None:
    fake.faults = [fault, fault]
    with pytest.raises(EmbedderUnavailable, match=said):
        embedder(url).embed(["年假"], kind="document")


def test_a_refused_text_is_not_tried_again(url: str, fake: FakeEmbeddings) -> None:
    fake.faults = [Fault(422, "too long")]
    with pytest.raises(EmbedderError, match="too long") as raised:
        embedder(url).embed(["年假"], kind="document")
    assert not isinstance(raised.value, EmbedderUnavailable)


def test_the_key_is_sent_and_never_said(
    url: str, fake: FakeEmbeddings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    keyed = replace(model_at(url), api_key=KEY)
    remote = embedder(url, model=keyed, patience=SOMEBODY_WAITS)
    remote.embed(["年假"], kind="query")
    assert fake.headers[0]["Authorization"] == f"Bearer {KEY}"
    for status in (401, 403, 418, 503):
        fake.faults = [Fault(status, f"Incorrect API key provided: {KEY}")] * 3
        with pytest.raises(EmbedderUnavailable) as raised:
            remote.embed(["年假"], kind="query")
        assert KEY not in str(raised.value)
        fake.faults.clear()
    assert KEY not in repr(remote.model) and KEY not in caplog.text


def test_vectors_of_another_width_are_refused(url: str, fake: FakeEmbeddings) -> None:
    fake.dim = 64
    with pytest.raises(EmbedderUnavailable, match="64 dimensions; hashing has 256"):
        embedder(url).embed(["年假"], kind="document")


@pytest.mark.parametrize("scale", [3.0, 0.5])
def test_what_is_not_normalised_is_normalised(url: str, fake: FakeEmbeddings, scale: float) -> None:
    fake.scale = scale
    found = embedder(url).embed(TEXTS, kind="document")
    expected = HashingEmbedder().embed(TEXTS, kind="document")
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("scale", [0.0, float("nan")])
def test_a_vector_without_direction_fails_its_text(
    url: str, fake: FakeEmbeddings, scale: float
) -> None:
    fake.scale = scale
    with pytest.raises(EmbedderError, match="zero or not a number"):
        embedder(url).embed(["年假"], kind="document")


def test_tei_is_asked_which_model_it_has(url: str, fake: FakeEmbeddings) -> None:
    fake.model_id = "BAAI/bge-m3"
    with pytest.raises(EmbedderUnavailable, match="serves 'BAAI/bge-m3', not 'hashing'"):
        embedder(url, protocol="tei").embed(["年假"], kind="query")
    fake.model_id = "/data/Hashing"
    embedder(url, protocol="tei").embed(["年假"], kind="query")


def test_what_is_no_tei_has_no_model(url: str, fake: FakeEmbeddings) -> None:
    fake.info = ["hello"]
    with pytest.raises(EmbedderUnavailable, match="serves ''"):
        embedder(url, protocol="tei").embed(["年假"], kind="query")


def test_lone_surrogates_do_not_break_the_request(url: str) -> None:
    assert embedder(url).embed(["假\ud800"], kind="query").shape == (1, 256)


def test_a_body_names_the_model_except_for_tei() -> None:
    assert body("openai", "m", ["a"], "query")["model"] == "m"
    assert "model" not in body("tei", "m", ["a"], "query")
