"""This machine's own engine has read what every prompt begins with before anybody asks."""

from pathlib import Path

from app.llm.servers.fake_engine import FakeEngine
from app.rag.prompting.prompt import render_chatml
from app.rag.prompting.styles import EXTRACT
from evals.speed.processes import free_ports
from tests.api.answers.test_engines import api_over
from tests.processes.zhiwen_up import eventually
from tests.serving import serving


def test_our_own_engine_reads_the_heads_as_soon_as_it_is_there_and_a_hosted_one_does_not(
    tmp_path: Path, fake_engine: FakeEngine, fake_url: str
) -> None:
    ours, (port,) = FakeEngine(), free_ports(1)
    engines: list[dict[str, object]] = [{"name": "hosted", "base_url": fake_url}, {"name": "ours"}]
    with api_over(tmp_path, engines, engine_port=port), serving(ours.app(), port=port):
        read = eventually(lambda: len(ours.requests) == 2 and ours.requests)
    heads = [render_chatml(EXTRACT.head(language)) for language in ("zh", "en")]
    assert [(body["prompt"], body["max_tokens"]) for body in read] == [(h, 1) for h in heads]
    assert not fake_engine.requests
