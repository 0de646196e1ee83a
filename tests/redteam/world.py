"""A service with people in it, what they keep, and an interface before it, to be attacked."""

import json
import logging
import socket
import threading
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from app.llm.chat_model import Delta, Messages, messages_for
from app.llm.scripted import ScriptedChatModel
from app.models.store import ModelStore
from app.services.channels.bots import Bot
from app.services.channels.dingtalk import DingTalkMessenger
from app.services.channels.feishu import FeishuMessenger
from app.services.channels.messenger import Messenger
from app.services.channels.wecom import WeComMessenger
from app.services.ingestion.ingestion import Ingestion
from app.supervisor import children
from app.wiring.worker import build_parser
from evals.speed.processes import free_ports
from tests.api.people.house import PASSWORD, House, sign_in
from tests.api.sse import ask
from tests.application import WORKER, running_api
from tests.application import test_settings as settings_for
from tests.messengers import AES_KEY, AGENT, APP_ID, COMPANY, TOKEN
from tests.messengers import SECRET as SECRET_OF_APP
from tests.passwords import cheap_passwords
from tests.processes.zhiwen_up import eventually

SECRET = "kestrel-4711"  # in the text of documents
SECRETS = (SECRET, "蓝鲸", "heron-9055")  # also of names, questions, answers
PLAN = f"# 蓝鲸\n\n并购计划的价格是 {SECRET}，年假为每年十五天。"
SHOP = "https://shop.example"  # a website with the chat widget
PASSWORDS = (PASSWORD, "a stolen violet door")


@dataclass(slots=True)
class ObedientModel(ScriptedChatModel):
    """Does what any injected instruction would want most: repeats all that it was given."""

    async def stream(
        self, messages: Messages, *, max_tokens: int, **options: Any
    ) -> AsyncGenerator[Delta, None]:
        self.enqueue("\n".join(m.content for m in messages_for(self, messages)))
        # ScriptedChatModel has slots, so `super()` without arguments has no class to start from.
        streaming = ScriptedChatModel.stream(self, messages, max_tokens=max_tokens, **options)
        async for delta in streaming:
            yield delta

    def prompts(self, since: int = 0) -> str:
        return "\n".join(m.content for asked in self.history[since:] for m in asked)


class Canary:
    """An address of the attacker: counts who connects."""

    def __init__(self, listener: socket.socket) -> None:
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.connections = 0
        self._listener = listener
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # closed
                return
            self.connections += 1
            connection.close()


class Lines(logging.Handler):
    """What the service writes to its log."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.written: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith(("httpx", "httpcore")):  # the attacker's own
            self.written.append(self.format(record))


@dataclass
class World:
    """`ids` name what there is, to be filled into paths and bodies."""

    house: House
    ui: str
    folder: Path
    canary: Canary
    log: Lines
    model: ObedientModel
    people: dict[str, httpx.Client] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)  # by scope, of `keeper`
    _addresses: int = 0

    def __post_init__(self) -> None:
        app = self.house.api.application
        self._ingestion = Ingestion(
            app.db,
            app.files,
            app.jobs,
            app.embedder,
            app.settings.chunk_tokens,
            build_parser(app.settings),
        )

    @property
    def api(self) -> str:
        return self.house.api.url

    def read_all(self) -> None:
        """Do what the worker would."""
        jobs = self.house.api.application.jobs
        while (claim := jobs.claim(WORKER)) is not None:
            self._ingestion.run(claim, WORKER)

    def fill(self, given: Any) -> Any:
        """`{base_id}` and so on, at any depth."""
        if isinstance(given, str):
            for name, value in self.ids.items():
                given = given.replace(f"{{{name}}}", value)
            return given
        if isinstance(given, dict):
            return {self.fill(key): self.fill(value) for key, value in given.items()}
        return [self.fill(each) for each in given] if isinstance(given, list) else given

    def send(self, who: str, method: str, path: str, **request: Any) -> httpx.Response:
        """`who` is one of the people, or `ui …` for their browser at the interface."""
        request = {name: self.fill(value) for name, value in request.items()}
        return self.browser(who).request(method, self.fill(path), **request)

    def browser(self, who: str) -> httpx.Client:
        return self.people[who]

    def new_address(self) -> dict[str, str]:
        """Headers of somebody at an address of their own, whom no limit knows yet."""
        self._addresses += 1
        return {"X-Forwarded-For": f"203.0.{self._addresses >> 8}.{self._addresses & 255}"}

    def upload(self, who: str, name: str, data: bytes, base: str = "own_id", **query: str) -> Any:
        path = f"/api/bases/{self.ids[base]}/documents"
        return self.people[who].post(path, files={"file": (name, data)}, params=query)

    def told(self, text: str) -> str:
        """Which secrets are in it."""
        found = [secret for secret in SECRETS if secret in _unescaped(text)]
        return f"tells {', '.join(found)}" if found else ""

    def logged(self) -> str:
        ui_log = self.folder / "ui" / "logs" / "ui.log"
        shown = ui_log.read_text(errors="replace") if ui_log.exists() else ""
        return "\n".join(self.log.written) + shown

    def internal_errors(self) -> int:
        return sum(" ERROR " in line for line in self.log.written)


def _unescaped(text: str) -> str:
    r"""JSON in a response may hold 蓝鲸 as 蓝."""
    if "\\u" not in text:
        return text
    return text + text.encode("ascii", "backslashreplace").decode("unicode_escape", "replace")


@contextmanager
def attacked(folder: Path, database_url: str = "") -> Iterator[World]:
    """A world with all that the attacks need, on SQLite unless there is another database."""
    stored = {"database_url": database_url} if database_url else {}
    log, model = Lines(), ObedientModel(context_tokens=8192)
    root = logging.getLogger()
    root.addHandler(log)
    level, root.level = root.level, logging.INFO
    try:
        with (
            socket.create_server(("127.0.0.1", 0)) as listener,
            running_api(
                folder / "data",
                auth="password",
                passwords=cheap_passwords(),
                model=model,
                parse_timeout_s=10,
                widget_origins=SHOP,
                widget_hourly_questions=0,
                **stored,
            ) as api,
            interface(folder / "ui", api.url) as ui,
        ):
            world = World(House(api), ui, folder, Canary(listener), log, model)
            populate(world)
            yield world
    finally:
        root.removeHandler(log)
        root.level = level


@contextmanager
def interface(folder: Path, api_url: str) -> Iterator[str]:
    """The interface as `zhiwen up` starts it. Its address."""
    (ui_port,) = free_ports(1)
    settings = settings_for(
        folder, auth="password", ui_port=ui_port, api_url=api_url, engine_url="http://127.0.0.1:9"
    )
    (child,) = (c for c in children(settings, ModelStore(folder)) if c.name == "ui")
    child.ready_url = f"http://127.0.0.1:{ui_port}/_stcore/health"
    child.start()
    try:
        eventually(child.ready)
        yield f"http://127.0.0.1:{ui_port}"
    finally:
        child.terminate()
        child.wait_or_kill(0)


def populate(world: World) -> None:
    """`keeper` has a private base and a shared one with a restricted folder; `reader` reads the
    second; `stranger` has a base of their own, and nothing else."""
    house = world.house
    for name in ("keeper", "reader", "stranger", "victim"):
        world.people[name] = house.person(name)
    world.people["boss"] = house.person("boss", admin=True)
    world.people["nobody"] = house.browser()
    for name in ("stranger", "nobody", "victim"):
        browser = httpx.Client(
            base_url=world.ui, timeout=30, trust_env=False, headers={"accept": "text/html"}
        )
        world.people[f"ui {name}"] = browser
        if name == "stranger":
            browser.post("/login", data={"name": name, "password": PASSWORD})
    keeper, ids = world.people["keeper"], world.ids
    ids["base_id"] = _base(keeper, "并购计划 蓝鲸")
    ids["shared_id"] = _base(keeper, "手册")
    ids["own_id"] = _base(world.people["stranger"], "own")
    grant = {"subject_kind": "person", "subject_id": house.person_id("reader"), "role": "reader"}
    keeper.put(f"/api/bases/{ids['shared_id']}/grants", json=grant).raise_for_status()
    rule = {"path": "restricted/", "members": []}
    made = keeper.put(f"/api/bases/{ids['shared_id']}/restrictions", json=rule)
    ids["restriction_id"] = made.raise_for_status().json()["id"]
    ids["document_id"] = world.upload("keeper", "蓝鲸.md", PLAN.encode(), "base_id").json()["id"]
    ids["hidden_id"] = world.upload(
        "keeper", "salaries.md", f"# 工资\n\n{PLAN}".encode(), "shared_id", path="restricted/s.md"
    ).json()["id"]
    world.upload("keeper", "open.md", "# 手册\n\n上班时间为九点。".encode(), "shared_id")
    mine = world.upload("stranger", "mine.md", "# 我的\n\n年假为每年十天。".encode())
    ids["own_document_id"] = mine.json()["id"]
    world.read_all()
    _ask_and_judge(world)
    for scope in ("ask", "read", "write", "export"):
        body = {"name": scope, "scopes": [scope], "base_ids": None, "password": PASSWORD}
        made = keeper.post("/api/keys", json=body).json()
        ids["key_id"], world.keys[scope] = made["id"], made["token"]
    ids |= {f"{scope}_key": token for scope, token in world.keys.items()}
    _publish(world)
    ids["session_id"] = keeper.get("/api/sessions").json()[0]["id"]
    ids["person_id"] = house.person_id("keeper")
    ids["stranger_id"] = house.person_id("stranger")
    boss = world.people["boss"]
    ids["group_id"] = boss.post("/api/groups", json={"name": "law"}).json()["id"]
    ids |= {"number": "1", "subject_kind": "everyone", "subject_id": "-"}
    ids["canary"] = world.canary.url


def _publish(world: World) -> None:
    """A website whose account reads the shared base has the widget; `keeper` has a bot in each
    messenger, whose API is where the attacker listens: an answer would be seen."""
    website = world.people["reader"]
    shared = [world.ids["shared_id"]]
    body = {"name": "shop", "scopes": ["widget"], "base_ids": shared, "password": PASSWORD}
    made = website.post("/api/keys", json=body).raise_for_status().json()
    world.ids["widget_key"] = made["token"]
    app = (COMPANY, AGENT, SECRET_OF_APP, TOKEN, AES_KEY, world.canary.url)
    messengers: dict[str, Messenger] = {
        "wecom": WeComMessenger(*app),
        "feishu": FeishuMessenger(COMPANY, APP_ID, *app[2:]),
        "dingtalk": DingTalkMessenger(COMPANY, SECRET_OF_APP, world.canary.url),
    }
    bots = {name: Bot(name, each, world.keys["ask"]) for name, each in messengers.items()}
    world.house.api.application.bots.bots = bots


def _base(browser: httpx.Client, name: str) -> str:
    return str(browser.post("/api/bases", json={"name": name}).raise_for_status().json()["id"])


def _ask_and_judge(world: World) -> None:
    keeper, ids = world.people["keeper"], world.ids
    found = ask(keeper, f"并购计划的价格是 {SECRET} 吗？heron-9055", ids["base_id"])
    ids["message_id"] = found["start"][0]["answer_id"]
    ids["conversation_id"] = found["start"][0]["conversation"]["id"]
    ids["job_id"] = keeper.get("/api/jobs").json()[0]["id"]
    for kind, path, body in (
        ("approved_id", "/api/approved", {"answer": SECRET, "base_ids": [ids["base_id"]]}),
        ("question_id", f"/api/bases/{ids['base_id']}/questions", {"answer": SECRET}),
    ):
        made = keeper.post(path, json={"question": "并购计划的价格？", **body})
        ids[kind] = made.raise_for_status().json()["id"]
    run = keeper.post(f"/api/bases/{ids['base_id']}/evaluations", json={})
    ids["run_id"] = run.json().get("id", "x")
    rating = {"rating": "down", "comment": "heron-9055"}
    keeper.put(f"/api/messages/{ids['message_id']}/feedback", json=rating)


def fresh_sign_in(world: World, name: str, password: str, **headers: str) -> httpx.Response:
    """From an address of its own."""
    with world.house.browser(**world.new_address(), **headers) as browser:
        return sign_in(browser, name, password)


def raw(url: str, lines: Sequence[str | bytes], body: bytes = b"") -> httpx.Response:
    """Sends bytes that client libraries refuse to send."""
    host, _, port = url.removeprefix("http://").partition(":")
    head = b"\r\n".join(x.encode() if isinstance(x, str) else x for x in lines) + b"\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(head + body)
        data = bytearray()
        try:
            while b"\r\n\r\n" not in data and (part := connection.recv(65536)):
                data += part
            start, _, rest = bytes(data).partition(b"\r\n\r\n")
            fields = [line.split(b":", 1) for line in start.split(b"\r\n")[1:] if b":" in line]
            headers = [(name, value.strip()) for name, value in fields]
            length = int({k.lower(): v for k, v in headers}.get(b"content-length", b"0"))
            while len(rest) < length and (part := connection.recv(65536)):
                rest += part
        except ConnectionResetError:
            start, headers, rest = b"HTTP/1.1 400 x", [], b""
    number = int(start.split()[1]) if start.startswith(b"HTTP/1.1 ") else 400
    kept = [(k, v) for k, v in headers if k.lower() not in (b"content-encoding",)]
    return httpx.Response(number, headers=kept, content=rest)


def as_json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except json.JSONDecodeError:
        return None
