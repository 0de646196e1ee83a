"""The chart as Helm renders it."""

from functools import cache
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # ships no types

from tests.docker_files.compose import ROOT

FOLDER = ROOT / "docker/helm/zhiwen"

Manifest = dict[str, Any]

INGRESS = {
    "ingress": {
        "enabled": True,
        "host": "zhiwen.example.com",
        "apiHost": "api.example.com",
        "tlsSecret": "tls",
    }
}
ENGINE = {
    "vllm": {"enabled": False},
    "settings": {"ZHIWEN_ENGINE_URL": "http://e:8000/v1", "ZHIWEN_CHAT_MODEL": "m"},
}
OBJECT_STORE = {"files": {"url": "s3://originals/zhiwen", "secret": "bucket"}}
# Between them, every template with every branch.
CASES: dict[str, Manifest] = {
    "as it comes": {},
    "ingress, KEDA": {**INGRESS, "autoscaling": {"by": "keda"}},
    "external metrics": {
        "autoscaling": {"by": "external"},
        "storage": {"className": "nfs"},
        "settings": {"ZHIWEN_ALLOWED_HOSTS": "proxy.example.com"},
    },
    "an engine elsewhere": {**ENGINE, "autoscaling": {"by": "keda"}},
    "an object store": OBJECT_STORE,
    "less": {"backup": {"enabled": False}, "networkPolicy": {"enabled": False}},
}


def helm() -> Any:
    return pytest.importorskip("helm_python", reason="Helm's library is for Linux on x86-64")


def _render(values: Manifest, release: str) -> str:
    chart = helm().Chart.load(FOLDER)
    files = chart.render(values, name=release, namespace="answers")
    return "\n---\n".join(text for name, text in files.items() if name.endswith(".yaml"))


@cache
def _rendered(case: str, release: str) -> str:
    return _render(CASES[case], release)


def rendered_with(values: Manifest) -> list[Manifest]:
    return [m for m in yaml.safe_load_all(_render(values, "zhiwen")) if m]


def rendered(case: str = "as it comes", release: str = "zhiwen") -> list[Manifest]:
    """All manifests of a release in the namespace `answers`."""
    return [m for m in yaml.safe_load_all(_rendered(case, release)) if m]


def one(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    (found,) = (m for m in manifests if (m["kind"], m["metadata"]["name"]) == (kind, name))
    return found


def pods(manifests: list[Manifest]) -> dict[str, Manifest]:
    """Pod templates, with their labels, by the name of what makes them."""
    found = {}
    for manifest in manifests:
        match manifest:
            case {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": pod}}}}:
                found[manifest["metadata"]["name"]] = pod
            case {"kind": "Deployment" | "Job", "spec": {"template": pod}}:
                found[manifest["metadata"]["name"]] = pod
    return found


def containers(pod: Manifest) -> list[Manifest]:
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
