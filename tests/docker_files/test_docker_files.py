"""What can be known about the containers without an engine that runs them."""

import re
from importlib.util import find_spec

import pytest

from app.config import Settings
from app.guard import Allowed, read_hosts
from tests.docker_files.compose import CARDS, COMPOSE_FILES, PINNED, ROOT, Compose, card, load
from ui.arguments import read_arguments

DOCKERFILE = (ROOT / "docker/Dockerfile").read_text(encoding="utf-8")


@pytest.fixture(params=COMPOSE_FILES)
def compose(request: pytest.FixtureRequest) -> Compose:
    return load(request.param)


@pytest.mark.parametrize("name", [*COMPOSE_FILES, "docker/Dockerfile"])
def test_every_setting_named_is_one(name: str) -> None:
    named = set(re.findall(r"\bZHIWEN_(\w+)", (ROOT / name).read_text(encoding="utf-8")))
    assert named
    assert {n.lower() for n in named} <= set(Settings.model_fields)


def test_the_settings_are_accepted(compose: Compose) -> None:
    for service in compose["services"].values():
        given: Compose = {
            name.removeprefix("ZHIWEN_").lower(): value
            for name, value in service.get("environment", {}).items()
            if name.startswith("ZHIWEN_")
        }
        settings = Settings(**given | {"_env_file": None})
        assert settings.open_door is None, "it starts"
        if settings.open:  # nobody has to sign in, so nobody else may get in
            assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_modules_that_are_started_exist(compose: Compose) -> None:
    for service in compose["services"].values():
        match service.get("command"):
            case ["python", "-m", module]:
                assert find_spec(module)
            case ["streamlit", "run", script, *_]:
                assert (ROOT / script.partition("site-packages/")[2]).is_file()
            case ["zhiwen", *_]:
                assert find_spec("app.cli")
            case _:  # of others' images
                assert service["image"] != "zhiwen:0.1.0"


def test_images_are_pinned(compose: Compose) -> None:
    images = [service["image"] for service in compose["services"].values()]
    assert [image for image in images if not PINNED.fullmatch(image)] == []
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(bases) == 2
    assert [base for base in bases if not PINNED.fullmatch(base)] == []


def test_nothing_runs_as_root(compose: Compose) -> None:
    for name, service in compose["services"].items():
        # images that have no user of their own: nothing but root may write to their volumes
        assert (int(service["user"].split(":")[0]) > 0) == (name not in ("milvus", "etcd"))
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"] is True
        assert "no-new-privileges:true" in service["security_opt"]
        assert not service.get("privileged", False)
    users = re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)
    assert users == ["10001:10001"]


def test_ports_stay_on_this_machine(compose: Compose) -> None:
    ports = [p for service in compose["services"].values() for p in service.get("ports", [])]
    assert ports
    assert [p for p in ports if not p.startswith("127.0.0.1:")] == []


def test_only_api_and_worker_reach_the_engine() -> None:
    services = load("docker/compose.gpu.yml")["services"]
    assert "ports" not in services["engine"]
    assert {n for n, s in services.items() if "engine" in s.get("networks", [])} == {
        "engine",
        "api",
        "worker",  # evaluates answers
        "prometheus",
    }


@pytest.mark.parametrize("name", CARDS)
def test_engine_and_api_agree(name: str) -> None:
    services = load("docker/compose.gpu.yml", card(name))["services"]
    model, *options = services["engine"]["command"]
    flags = dict(option.removeprefix("--").partition("=")[::2] for option in options)
    settings = services["api"]["environment"]
    assert settings["ZHIWEN_CHAT_MODEL"] == model
    assert settings["ZHIWEN_CONTEXT_TOKENS"] == flags["max-model-len"]
    assert settings["ZHIWEN_ENGINE_URL"] == f"http://engine:{flags['port']}/v1"
    assert settings["ZHIWEN_ENGINE_API_KEY"] == services["engine"]["environment"]["VLLM_API_KEY"]
    assert float(flags["gpu-memory-utilization"]) == 0.9
    assert card(name).items() >= {"ENGINE_MODEL": model}.items()
    assert "enable-prefix-caching" in flags


@pytest.mark.parametrize("name", ["zhiwen.example", ""])
def test_services_answer_to_the_names_they_are_called_by(name: str) -> None:
    given = {"ZHIWEN_ALLOWED_HOSTS": name} if name else {}
    services = load("docker/compose.gpu.yml", given)["services"]
    command = services["ui"]["command"]
    options, arguments = command[: command.index("--")], command[command.index("--") + 1 :]
    interface = read_arguments(arguments)
    settings = services["api"]["environment"]
    api = Allowed.at(settings["ZHIWEN_API_HOST"], read_hosts(settings["ZHIWEN_ALLOWED_HOSTS"]))
    called = interface.api_url.removeprefix("http://")
    for host in (called, "172.18.0.7:8000", "127.0.0.1:8000", *filter(None, [name])):
        assert api.refusal([(b"host", host.encode())]) is None
    assert interface.allowed_hosts == ((name,) if name else ())
    assert "--logger.hideWelcomeMessage=true" in options  # or it asks a server on the internet


def test_every_volume_and_condition_exists(compose: Compose) -> None:
    services = compose["services"]
    for service in services.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in compose["volumes"] or (ROOT / "docker" / source).is_dir()
        for name, needed in service.get("depends_on", {}).items():
            health = services[name].get("healthcheck", {})
            assert needed["condition"] != "service_healthy" or not health.get("disable")


def profile(name: str) -> Compose:
    """The services of compose.yml that start with a profile."""
    services = load("docker/compose.yml")["services"]
    assert all(service["profiles"] for service in services.values())  # none starts with both
    return {n: service for n, service in services.items() if name in service["profiles"]}


@pytest.mark.parametrize(
    ("name", "starts"),
    [
        ("small", {"zhiwen"}),
        ("team", {"zhiwen-team", "db"}),
        ("large", {"zhiwen-large", "db", "milvus", "etcd"}),
    ],
)
def test_a_profile_starts_what_it_needs_and_nothing_twice(name: str, starts: set[str]) -> None:
    services = profile(name)
    assert set(services) == starts
    for service in services.values():
        assert set(service.get("depends_on", {})) <= starts
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert len(ports) == len(set(ports))


def test_a_team_signs_in_and_has_its_vectors_in_its_own_database() -> None:
    team = profile("team")
    given = team["zhiwen-team"]["environment"]
    settings = Settings(
        _env_file=None,
        auth=given["ZHIWEN_AUTH"],
        database_url=given["ZHIWEN_DATABASE_URL"],
        vectors=given["ZHIWEN_VECTORS"],
    )
    assert (settings.auth, settings.open, settings.vectors) == ("password", False, "pgvector")
    database = team["db"]["environment"]
    login = f"{database['POSTGRES_USER']}:{database['POSTGRES_PASSWORD']}"
    assert settings.sql_url.endswith(f"://{login}@db:5432/{database['POSTGRES_DB']}")
    assert team["db"]["image"].startswith("pgvector/pgvector:")
    assert not set(team["zhiwen-team"]["volumes"]) & set(profile("small")["zhiwen"]["volumes"])


def test_a_large_installation_has_its_vectors_on_milvus_and_its_files_in_a_bucket() -> None:
    large = profile("large")
    given = large["zhiwen-large"]["environment"]
    names = ("auth", "database_url", "vectors", "milvus_url", "files_url")
    settings = Settings(_env_file=None, **{name: given[f"ZHIWEN_{name.upper()}"] for name in names})
    assert (settings.auth, settings.vectors) == ("password", "milvus")
    assert settings.milvus_url == "http://milvus:19530"
    assert (
        settings.database_url
        == profile("team")["zhiwen-team"]["environment"]["ZHIWEN_DATABASE_URL"]
    )
    assert {name for name in given if name.startswith("AWS_")} == {
        "AWS_ENDPOINT_URL",
        "AWS_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
    }
    assert large["milvus"]["environment"]["ETCD_ENDPOINTS"] == "etcd:2379"
    assert "pip install --require-hashes --no-deps -r requirements-milvus.lock" in DOCKERFILE
    for name in ("milvus", "etcd"):
        assert "ports" not in large[name]


def test_what_the_image_copies_exists() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    names = {name for line in copied for name in line.split()}
    assert {"requirements.lock", "app", "ui", "evals"} <= names
    assert [name for name in names - {"README.md"} if not (ROOT / name).exists()] == []
    allowed = (ROOT / "docker/Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert {line[1:] for line in allowed if line.startswith("!")} == names
