"""Two engines of the stand-in, one of which can be down."""

from datetime import datetime

from app.api.routes.health import EngineOut
from app.api.routes.messages import ServedOut, TriedOut


def engine(name: str, **more: object) -> EngineOut:
    return EngineOut.model_validate(
        {
            "name": name,
            "model": f"stand-in/{name}",
            "address": "http://127.0.0.1:8100/v1",
            "ok": True,
            "ready": True,
            "state": "closed",
            "next_try_s": 0.0,
            "failures": 0,
            "last_error": "",
            "last_error_at": None,
            "running": 1,
            "waiting": 0,
            "max_running": 8,
            "max_waiting": 32,
            "context_tokens": 4096,
            "size": "large",
            "good_for": "",
            "price_in": None,
            "price_out": None,
            "since": None,
            "todo": "",
        }
        | more
    )


def two_engines(down_since: datetime | None = None) -> list[EngineOut]:
    """A large one, gone since then where that is given, and a small one that answers."""
    gone: dict[str, object] = {}
    if down_since:
        gone = {
            "ok": False,
            "ready": False,
            "state": "open",
            "next_try_s": 12.0,
            "failures": 1,
            "last_error": "http://127.0.0.1:8100/v1: All connection attempts failed",
            "last_error_at": down_since,
            "since": down_since,
            "running": 0,
        }
    large = engine("qwen-7b", good_for="较长的问题、比较", price_in=0.8, price_out=2.0, **gone)
    return [large, engine("qwen-0.5b", size="small", good_for="简短的问题")]


SERVED = ServedOut(
    engine="qwen-0.5b",
    wanted="auto",
    reason="comparison",
    tried=[
        TriedOut(
            engine="qwen-7b",
            reason="unavailable",
            detail="http://127.0.0.1:8100/v1: All connection attempts failed",
        )
    ],
)
