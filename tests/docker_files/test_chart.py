"""The chart: linted and rendered by Helm's own library, and held against Kubernetes' schemas."""

import re
from pathlib import Path

import kubernetes_validate  # type: ignore[import-untyped]  # ships no types
import pytest
import yaml  # type: ignore[import-untyped]  # ships no types

from app.api import description
from app.api.main import ROUTERS
from app.config import Settings
from app.db.engine import Database
from app.guard import Allowed
from app.services.operations.inventory import Inventory
from tests.docker_files.chart import (
    CASES,
    ENGINE,
    FOLDER,
    INGRESS,
    Manifest,
    containers,
    helm,
    one,
    pods,
    rendered,
    rendered_with,
)
from tests.docker_files.compose import PINNED, card
from ui.arguments import read_arguments

VERSIONS = ["1.29", "1.33"]
FOREIGN = {"ScaledObject"}  # of KEDA


@pytest.fixture(params=CASES)
def manifests(request: pytest.FixtureRequest) -> list[Manifest]:
    return rendered(request.param)


@pytest.mark.parametrize("case", CASES)
def test_helm_has_nothing_to_say_against_it(case: str) -> None:
    report = helm().lint(FOLDER, CASES[case], strict=True)
    assert [m for m in report["messages"] if m["severity"] > 1] == []
    assert report["errors"] == []


@pytest.mark.parametrize("version", VERSIONS)
def test_manifests_are_what_kubernetes_takes(manifests: list[Manifest], version: str) -> None:
    for manifest in manifests:
        if manifest["kind"] not in FOREIGN:
            kubernetes_validate.validate(manifest, version, strict=True)


def test_a_typing_error_is_found() -> None:
    manifest = one(rendered(), "Deployment", "zhiwen-api")
    manifest["spec"]["replica"] = 3
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, VERSIONS[0], strict=True)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"api": {"replica": 3}}, "replica"),
        ({"zhiwen": {"image": "zhiwen"}}, "image"),  # without a tag
        ({"ingress": {"enabled": True, "host": "zhiwen.example.com"}}, "tlsSecret"),
        ({"vllm": {"enabled": False}}, "ZHIWEN_ENGINE_URL"),
        ({"settings": {"ZHIWEN_ENGINE_API_KEY": "in the open"}}, "ZHIWEN_ENGINE_API_KEY"),
        ({"autoscaling": {"by": "cpu"}}, "autoscaling"),
        ({"files": {"url": "https://minio.example.com/originals"}}, "url"),
        ({"settings": {"ZHIWEN_FILES_URL": "s3://originals"}}, "ZHIWEN_FILES_URL"),  # files.url
    ],
)
def test_wrong_values_are_refused(values: Manifest, told: str) -> None:
    chart = helm().Chart.load(FOLDER)
    for good in (*CASES.values(), INGRESS, ENGINE):
        chart.validate_schema(good)
    with pytest.raises(helm().HelmValuesError, match=told):
        chart.validate_schema(values)


def test_two_releases_share_no_name_and_no_pod() -> None:
    ours, theirs = rendered(), rendered(release="other")
    named = [{(m["kind"], m["metadata"]["name"]) for m in every} for every in (ours, theirs)]
    assert not named[0] & named[1]
    assert len(named[0]) == len(ours)
    labels = [{p["metadata"]["labels"]["app"] for p in pods(m).values()} for m in (ours, theirs)]
    assert not labels[0] & labels[1]


def test_what_is_pointed_at_exists(manifests: list[Manifest]) -> None:
    labels = {name: pod["metadata"]["labels"]["app"] for name, pod in pods(manifests).items()}
    services = {m["metadata"]["name"]: m for m in manifests if m["kind"] == "Service"}
    claims = {m["metadata"]["name"] for m in manifests if m["kind"] == "PersistentVolumeClaim"}
    for manifest in manifests:
        spec = manifest.get("spec", {})
        match manifest["kind"]:
            case "Service":
                assert spec["selector"]["app"] in labels.values()
            case "ScaledObject" | "HorizontalPodAutoscaler":
                assert spec["scaleTargetRef"]["name"] in labels
            case "NetworkPolicy":
                _check_doors(manifest, manifests)
            case "PodDisruptionBudget":
                name = manifest["metadata"]["name"]
                assert spec["selector"]["matchLabels"]["app"] == labels[name]
                assert spec["minAvailable"] < _replicas(manifests, name)
            case "Ingress":
                for rule in spec["rules"]:
                    assert rule["host"] in spec["tls"][0]["hosts"]
                    for path in rule["http"]["paths"]:
                        assert path["backend"]["service"]["name"] in services
    for pod in pods(manifests).values():
        volumes = {volume["name"] for volume in pod["spec"].get("volumes", [])}
        for volume in pod["spec"].get("volumes", []):
            assert volume.get("persistentVolumeClaim", {}).get("claimName") in {None, *claims}
        for container in containers(pod):
            assert {mount["name"] for mount in container.get("volumeMounts", [])} <= volumes


def _replicas(manifests: list[Manifest], name: str) -> int:
    """As given, or the fewest that a scaler leaves; never both, which would undo each other."""
    given = [one(manifests, "Deployment", name)["spec"].get("replicas")]
    given += [
        m["spec"].get("minReplicas", m["spec"].get("minReplicaCount"))
        for m in manifests
        if m["kind"] in {"ScaledObject", "HorizontalPodAutoscaler"}
        and m["metadata"]["name"] == name
    ]
    (replicas,) = (number for number in given if number is not None)
    return int(replicas)


def _check_doors(policy: Manifest, manifests: list[Manifest]) -> None:
    """A port that is let through is one that the pods have, and every one of theirs is named."""
    app = policy["spec"]["podSelector"]["matchLabels"]["app"]
    (pod,) = (p for p in pods(manifests).values() if p["metadata"]["labels"]["app"] == app)
    ports = {p["containerPort"] for c in containers(pod) for p in c.get("ports", [])}
    assert {p["port"] for rule in policy["spec"]["ingress"] or [] for p in rule["ports"]} == ports
    known = {p["metadata"]["labels"]["app"] for p in pods(manifests).values()}
    for rule in policy["spec"]["ingress"] or []:
        assert rule["from"]  # an empty one lets everybody in
        for peer in rule["from"]:
            labels = next(iter(peer.values()))["matchLabels"]
            assert labels.get("app") in {None, *known}


def test_only_the_router_reaches_vllm() -> None:
    (door,) = one(rendered(), "NetworkPolicy", "zhiwen-vllm")["spec"]["ingress"]
    assert door["from"] == [
        {"podSelector": {"matchLabels": {"app": "zhiwen-router"}}},
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}},
    ]


def test_images_are_pinned_and_nothing_runs_as_root(manifests: list[Manifest]) -> None:
    for name, pod in pods(manifests).items():
        security = pod["spec"]["securityContext"]
        assert security["runAsNonRoot"]
        assert security["runAsUser"] > 0
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["spec"]["automountServiceAccountToken"] is name.endswith("-router")
        # ZHIWEN_API_PORT=tcp://… of a service of that name would be read as a setting
        assert pod["spec"]["enableServiceLinks"] is False
        for container in containers(pod):
            assert PINNED.fullmatch(container["image"])
            inside = container["securityContext"]
            assert inside["readOnlyRootFilesystem"]
            assert inside["capabilities"] == {"drop": ["ALL"]}
            assert not inside["allowPrivilegeEscalation"]
            assert {"requests", "limits"} <= set(container["resources"])


def test_what_serves_is_probed() -> None:
    for name in ("api", "ui", "vllm", "router"):
        (container,) = pods(rendered())[f"zhiwen-{name}"]["spec"]["containers"]
        ports = {port["name"] for port in container["ports"]}
        for probe in ("readinessProbe", "livenessProbe"):
            assert container[probe]["httpGet"]["port"] in ports
    (api,) = pods(rendered())["zhiwen-api"]["spec"]["containers"]
    # `/readyz` also waits for database and embedding server: no reason to kill it
    assert {api[p]["httpGet"]["path"] for p in ("startupProbe", "livenessProbe")} == {"/healthz"}


def settings_given(case: str, pod: str = "zhiwen-api") -> Settings:
    """What a pod's settings are read as, with the secret's."""
    values: Manifest = {"database_url": "postgresql://db/zhiwen", "engine_api_key": "key-1"}
    for container in pods(rendered(case))[pod]["spec"]["containers"]:
        for each in container["env"]:
            values[each["name"].removeprefix("ZHIWEN_").lower()] = each["value"]
    return Settings(**values | {"_env_file": None})


@pytest.mark.parametrize("case", CASES)
def test_the_settings_are_settings_and_people_sign_in(case: str) -> None:
    for pod in ("zhiwen-api", "zhiwen-worker", "zhiwen-migrate"):
        assert settings_given(case, pod).auth == "password"
    settings = settings_given(case)
    assert (settings.api_host, settings.open, settings.open_door) == ("0.0.0.0", False, None)  # noqa: S104  # as the pods bind


@pytest.mark.parametrize(
    ("case", "names"),
    [
        ("as it comes", []),
        ("ingress, KEDA", ["zhiwen.example.com", "api.example.com"]),
        ("external metrics", ["proxy.example.com"]),
    ],
)
def test_services_answer_to_the_names_they_are_called_by(case: str, names: list[str]) -> None:
    """By the interface, the ingress or a proxy; probes and Prometheus connect to the address."""
    (interface,) = pods(rendered(case))["zhiwen-ui"]["spec"]["containers"]
    told = read_arguments(interface["args"][interface["args"].index("--") + 1 :])
    settings = settings_given(case)
    assert told.allowed_hosts == settings.allowed_hosts
    allowed = Allowed.at("0.0.0.0", settings.allowed_hosts)  # noqa: S104  # as the pods bind
    called = told.api_url.removeprefix("http://")
    for name in (called, "zhiwen-ui", "10.42.0.7:8000", *names):
        assert allowed.refusal([(b"host", name.encode())]) is None
    assert allowed.refusal([(b"host", b"elsewhere.example.com")]) is not None
    assert "--logger.hideWelcomeMessage=true" in interface["args"]


def test_programs_outside_reach_all_of_the_api_but_metrics() -> None:
    """Those are public within the cluster, and tell names of bases and how much is asked."""
    rules = one(rendered("ingress, KEDA"), "Ingress", "zhiwen")["spec"]["rules"]
    (paths,) = (r["http"]["paths"] for r in rules if r["host"] == "api.example.com")

    def leads_in(path: str) -> bool:
        return any(
            path == p["path"] or (p["pathType"] == "Prefix" and path.startswith(f"{p['path']}/"))
            for p in paths
        )

    routes = {r.path for module in (*ROUTERS, description) for r in module.router.routes}
    assert {path for path in routes if not leads_in(path)} == {"/metrics"}
    assert not leads_in("/metrics/") and not leads_in("/")


@pytest.mark.parametrize(("limit_mib", "told"), [(None, 201), (2048, 2049)])
def test_the_ingress_takes_uploads_as_large_as_zhiwen(limit_mib: int | None, told: int) -> None:
    """nginx refuses a megabyte unless it is told otherwise. A file comes in a form."""
    settings = {} if limit_mib is None else {"ZHIWEN_MAX_UPLOAD_MIB": limit_mib}
    name = "nginx.ingress.kubernetes.io/proxy-body-size"
    for annotations, size in (({}, f"{told}m"), ({name: "5g"}, "5g"), ({"x": "y"}, f"{told}m")):
        ingress = {**INGRESS["ingress"], "annotations": annotations}
        manifest = one(
            rendered_with({"ingress": ingress, "settings": settings}), "Ingress", "zhiwen"
        )
        assert manifest["metadata"]["annotations"] == {name: size, **annotations}
    assert Settings(data_dir=Path("x")).max_upload_mib == 200


def test_links_in_invitations_lead_to_the_ingress() -> None:
    assert settings_given("ingress, KEDA").ui_base_url == "https://zhiwen.example.com"


def test_the_settings_agree_with_the_engine() -> None:
    settings = settings_given("as it comes")
    model, *options = pods(rendered())["zhiwen-vllm"]["spec"]["containers"][0]["args"]
    flags = dict(option.removeprefix("--").partition("=")[::2] for option in options)
    assert settings.chat_model == model == card("docker/gpu-24g.env")["ENGINE_MODEL"]
    assert str(settings.context_tokens) == flags["max-model-len"]
    assert flags["max-num-seqs"] == card("docker/gpu-24g.env")["ENGINE_MAX_SEQUENCES"]
    port = one(rendered(), "Service", "zhiwen-router")["spec"]["ports"][0]["port"]
    assert settings.engine_base_url == f"http://zhiwen-router:{port}/v1"
    (router,) = pods(rendered())["zhiwen-router"]["spec"]["containers"]
    assert {"--selector=app=zhiwen-vllm", "--service-discovery-namespace=answers"} <= {
        *router["args"]
    }


def test_the_queue_that_scales_workers_is_counted(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'zhiwen.db'}")
    db.migrate()
    counted = {
        (sample.name, sample.labels.get("state"))
        for family in Inventory(db).collect()
        for sample in family.samples
    }
    db.dispose()
    scaler = one(rendered("ingress, KEDA"), "ScaledObject", "zhiwen-worker")
    query = scaler["spec"]["triggers"][0]["metadata"]["query"]
    asked = re.fullmatch(r'max\((\w+)\{namespace="answers",state="(\w+)"\}\)', query)
    assert asked
    assert asked.groups() in counted


def test_the_database_is_migrated_before_pods_of_a_new_version_start() -> None:
    job = one(rendered(), "Job", "zhiwen-migrate")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    # What a hook needs must be there before anything else of the chart is.
    (pod,) = (p for name, p in pods(rendered()).items() if name == "zhiwen-migrate")
    assert {next(iter(v.keys() - {"name"})) for v in pod["spec"]["volumes"]} == {"emptyDir"}
    assert [e for e in pod["spec"]["containers"][0]["env"] if "valueFrom" in e] == []


def test_the_values_are_all_known_to_the_schema() -> None:
    schema = yaml.safe_load((FOLDER / "values.schema.json").read_text("utf-8"))
    values = yaml.safe_load((FOLDER / "values.yaml").read_text("utf-8"))
    assert set(values) == set(schema["properties"]) - {"global"}
    for name, value in values.items():
        if "properties" in schema["properties"][name]:
            assert set(value) == set(schema["properties"][name]["properties"]), name
