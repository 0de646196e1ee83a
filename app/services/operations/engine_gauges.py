"""Engine metrics of this process, read when Prometheus scrapes.

Every process has queues and breakers of its own. In queries, `sum` the requests and take the `min`
of `zhiwen_engine_up` over the processes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from app.llm.gateway import Gateway


@dataclass(frozen=True, slots=True)
class EngineGauges(Collector):
    """A collector for prometheus-client."""

    gateway: Gateway

    def collect(self) -> Iterator[GaugeMetricFamily]:
        requests = GaugeMetricFamily(
            "zhiwen_engine_requests", "Requests by engine and state", labels=("engine", "state")
        )
        # On trial is not up yet: else an engine that stays down would seem up between two trials.
        up = GaugeMetricFamily(
            "zhiwen_engine_up",
            "1: asked; 0: left alone after failures",
            labels=("engine",),
        )
        for name, engine in self.gateway.engines.items():
            requests.add_metric((name, "running"), engine.queue.running)
            requests.add_metric((name, "waiting"), engine.queue.waiting)
            up.add_metric((name,), engine.breaker.state == "closed")
        yield requests
        yield up
