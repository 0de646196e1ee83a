"""The manifests, rendered by kustomize where it is installed, against Kubernetes' own schemas."""

import re
import shutil
import subprocess
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # ships no types
import pytest
import yaml  # type: ignore[import-untyped]  # ships no types

from app.config import Settings
from app.guard import Allowed
from tests.docker_files.compose import PINNED, ROOT, card
from ui.arguments import read_arguments

FOLDER = ROOT / "docker/kubernetes"
VERSIONS = ["1.29", "1.33"]
FOREIGN = {"ScaledObject"}  # of KEDA

Manifest = dict[str, Any]


def written() -> list[Manifest]:
    """All manifests as they are in the files."""
    files = (path for path in FOLDER.glob("*/*.yaml") if path.name != "kustomization.yaml")
    return [m for path in sorted(files) for m in yaml.safe_load_all(path.read_text("utf-8"))]


def rendered() -> list[Manifest]:
    """As they reach the cluster."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed; the manifests are checked as they are written")
    command = ["kubectl", "kustomize", str(FOLDER / "autoscale")]
    ended = subprocess.run(command, capture_output=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr.decode()
    return list(yaml.safe_load_all(ended.stdout))


def pods(manifests: list[Manifest]) -> dict[str, Manifest]:
    """Pod templates' specs by the name of their deployment."""
    return {
        m["metadata"]["name"]: m["spec"]["template"]["spec"]
        for m in manifests
        if m["kind"] == "Deployment"
    }


def containers(pod: Manifest) -> list[Manifest]:
    return [*pod.get("initContainers", []), *pod["containers"]]


@pytest.mark.parametrize("version", VERSIONS)
def test_manifests_are_what_kubernetes_takes(version: str) -> None:
    for manifest in written():
        if manifest["kind"] not in FOREIGN:
            kubernetes_validate.validate(manifest, version, strict=True)


def test_a_typing_error_is_found() -> None:
    manifest = next(m for m in written() if m["kind"] == "Deployment")
    manifest["spec"]["replica"] = 3
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, VERSIONS[0], strict=True)


def test_rendered_manifests_are_what_kubernetes_takes() -> None:
    manifests = rendered()
    assert {m["metadata"].get("namespace") for m in manifests} == {"zhiwen", None}
    for manifest in manifests:
        if manifest["kind"] not in FOREIGN:
            kubernetes_validate.validate(manifest, VERSIONS[-1], strict=True)
    for pod in pods(manifests).values():
        for container in containers(pod):
            assert PINNED.fullmatch(container["image"])


def test_images_are_pinned_and_ours_are_built_here() -> None:
    kustomization = yaml.safe_load((FOLDER / "base/kustomization.yaml").read_text("utf-8"))
    pinned = {image["name"] for image in kustomization["images"]}
    used = {c["image"] for pod in pods(written()).values() for c in containers(pod)}
    assert used == pinned


def test_nothing_runs_as_root_or_writes_where_it_should_not() -> None:
    for pod in pods(written()).values():
        security = pod["securityContext"]
        assert security["runAsNonRoot"]
        assert security["runAsUser"] > 0
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in containers(pod):
            inside = container["securityContext"]
            assert inside["readOnlyRootFilesystem"]
            assert inside["capabilities"] == {"drop": ["ALL"]}
            assert not inside["allowPrivilegeEscalation"]
            assert {"requests", "limits"} <= set(container["resources"])
            mounts = {mount["name"] for mount in container.get("volumeMounts", [])}
            assert mounts <= {volume["name"] for volume in pod.get("volumes", [])}


def test_what_serves_is_probed_and_survives_a_node() -> None:
    manifests = written()
    for name in ("api", "ui", "vllm"):
        (container,) = pods(manifests)[name]["containers"]
        ports = {port["name"] for port in container["ports"]}
        for probe in ("readinessProbe", "livenessProbe"):
            assert container[probe]["httpGet"]["port"] in ports
        replicas = next(
            m["spec"]["replicas"]
            for m in manifests
            if m["kind"] == "Deployment" and m["metadata"]["name"] == name
        )
        assert replicas >= 2
        assert any(
            m["kind"] == "PodDisruptionBudget"
            and m["spec"]["selector"]["matchLabels"] == {"app": name}
            and m["spec"]["minAvailable"] < replicas
            for m in manifests
        )


def test_services_and_scalers_point_at_deployments() -> None:
    manifests = written()
    names = set(pods(manifests))
    for manifest in manifests:
        match manifest["kind"]:
            case "Service":
                assert manifest["spec"]["selector"]["app"] in names
            case "ScaledObject" | "HorizontalPodAutoscaler":
                assert manifest["spec"]["scaleTargetRef"]["name"] in names


def config_map() -> dict[str, str]:
    kustomization = yaml.safe_load((FOLDER / "base/kustomization.yaml").read_text("utf-8"))
    (generator,) = kustomization["configMapGenerator"]
    return dict(literal.split("=", 1) for literal in generator["literals"])


def settings_given() -> Settings:
    values: Manifest = {k.removeprefix("ZHIWEN_").lower(): v for k, v in config_map().items()}
    return Settings(**values | {"_env_file": None})


def test_services_answer_to_the_names_they_are_called_by() -> None:
    """By the interface and a proxy; probes and Prometheus connect to the pod's address."""
    (interface,) = pods(written())["ui"]["containers"]
    keys = {e["name"]: e["valueFrom"]["configMapKeyRef"]["key"] for e in interface["env"]}
    arguments = interface["args"][interface["args"].index("--") + 1 :]
    told = read_arguments(
        [re.sub(r"\$\((\w+)\)", lambda m: config_map()[keys[m[1]]], a) for a in arguments]
    )
    settings = settings_given()
    assert told.allowed_hosts == settings.allowed_hosts
    for name in (told.api_url.removeprefix("http://"), "ui", "10.42.0.7:8000"):
        allowed = Allowed.at("0.0.0.0", settings.allowed_hosts)  # noqa: S104  # as the pods bind
        assert allowed.refusal([(b"host", name.encode())]) is None
    assert "--logger.hideWelcomeMessage=true" in interface["args"]


def test_people_sign_in_where_others_get_in() -> None:
    settings = settings_given().model_copy(update={"api_host": "0.0.0.0"})  # noqa: S104  # as the pods
    assert (settings.auth, settings.open, settings.open_door) == ("password", False, None)


def test_the_settings_are_settings_and_agree_with_the_engine() -> None:
    settings = settings_given()
    manifests = written()
    model, *options = pods(manifests)["vllm"]["containers"][0]["args"]
    flags = dict(option.removeprefix("--").partition("=")[::2] for option in options)
    assert settings.chat_model == model == card("docker/gpu-24g.env")["ENGINE_MODEL"]
    assert str(settings.context_tokens) == flags["max-model-len"]
    assert flags["max-num-seqs"] == card("docker/gpu-24g.env")["ENGINE_MAX_SEQUENCES"]
    router = next(
        m for m in manifests if m["kind"] == "Service" and m["metadata"]["name"] == "router"
    )
    port = router["spec"]["ports"][0]["port"]
    assert settings.engine_base_url == f"http://router:{port}/v1"
