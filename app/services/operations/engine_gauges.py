"""Engine metrics of this process, collected when Prometheus scrapes.

Every process has its own queues and breakers. In queries, `sum` the requests and take the `min`
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
        # An engine on trial is not up yet, or one that stays down would seem up between two trials.
        up = GaugeMetricFamily(
            "zhiwen_engine_up",
            "1: in use; 0: paused after failures",
            labels=("engine",),
        )
        for name, engine in self.gateway.engines.items():
            requests.add_metric((name, "running"), engine.queue.running)
            requests.add_metric((name, "waiting"), engine.queue.waiting)
            up.add_metric((name,), engine.breaker.state == "closed")
        yield requests
        yield up
