"""`python -m tests.ui --port N`: the stand-in by itself, slowed down, to look at the interface."""

import argparse

import uvicorn

from tests.ui.stand_in.engines import SERVED, two_engines
from tests.ui.stand_in.house import house, sample_audit
from tests.ui.stand_in.service import Application, build, now, sample_application
from tests.ui.stand_in.texts import THOUGHT

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, default=18200)
parser.add_argument("--empty", action="store_true", help="no knowledge base at all")
parser.add_argument("--engines", action="store_true", help="two engines, one of them down")
parser.add_argument("--think", action="store_true", help="a model that can think first")
parser.add_argument("--login", action="store_true", help="people: li, wang and chen")
options = parser.parse_args()
shown = Application() if options.empty else sample_application()
shown.stage_s, shown.delta_s, shown.ingest_s = 1.2, 0.06, 1.0
shown.thought = THOUGHT if options.think else ""
if options.login:
    shown.house = house()
    sample_audit(shown.house)
if options.engines:
    shown.engines, shown.served = two_engines(now()), SERVED
api = build(shown)


@api.post("/stand-in/engine")
async def engine(up: bool) -> None:
    shown.engine_down_since = None if up else now()


uvicorn.run(api, port=options.port, log_level="warning")
