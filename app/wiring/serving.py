"""Builds what serves adapters, tries them out and watches over them."""

from dataclasses import dataclass

from app.config import Settings
from app.db.engine import Database
from app.llm.gateway import Gateway
from app.rag.answer import AnswerLine
from app.services.improvement.adapters import Adapters
from app.services.improvement.canary.guard import Guard
from app.services.improvement.canary.shadow import Shadow
from app.services.improvement.serving import Hosted, Serving
from app.wiring.channels import bot_bases
from app.wiring.engines import adapter_hosts


@dataclass(frozen=True, slots=True)
class AdapterServices:
    serving: Serving
    shadow: Shadow
    guard: Guard


def build_serving(
    settings: Settings, db: Database, gateway: Gateway, line: AnswerLine, with_bots: bool
) -> AdapterServices:
    bots = bot_bases(settings) if with_bots else []
    adapters = Adapters(db, settings.data_dir / "adapters", lambda: bots)
    hosts = adapter_hosts(settings, gateway)
    serving = Serving(adapters, {name: Hosted(*each) for name, each in hosts.items()})
    shadow = Shadow(
        db, gateway, serving.trials, line.style_of, line.checker, settings.max_answer_tokens
    )
    return AdapterServices(serving, shadow, Guard(adapters, serving.by_model))
