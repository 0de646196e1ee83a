"""Builds the bots in messengers."""

from app.config import Settings, secret
from app.db.engine import Database
from app.services.answers.direct import Direct
from app.services.channels.bots import Bot, Bots
from app.services.channels.bots_file import BotsInvalid, BotSpec, bots_in, read_bots
from app.services.channels.dingtalk import DINGTALK, DingTalkMessenger
from app.services.channels.feishu import FEISHU, LARK, FeishuMessenger
from app.services.channels.messenger import Messenger
from app.services.channels.seen import Seen
from app.services.channels.wecom import WECOM, WeComMessenger
from app.services.people.authentication import Authentication
from app.services.people.usage import Usage


def build_bots(
    settings: Settings,
    db: Database,
    authentication: Authentication,
    usage: Usage,
    direct: Direct,
    with_bots: bool,
) -> Bots:
    """None without a file. Raises BotsInvalid."""
    path = settings.bots_path if with_bots else None
    specs = read_bots(path, secret) if path is not None else ()
    for spec in specs:
        if settings.auth != "none" and not spec.key_env:
            raise BotsInvalid(f"{path}: bot {spec.name!r}: key_env is needed where people sign in")
    bots = {s.name: Bot(s.name, _messenger(s), secret(s.key_env), s.bases) for s in specs}
    return Bots(bots, authentication, usage, direct, Seen(db))


def bot_bases(settings: Settings) -> list[tuple[str, ...]]:
    """Of each bot that its file narrows, its bases. Needs no secrets. Raises BotsInvalid."""
    path = settings.bots_path
    return [spec.bases for spec in bots_in(path) if spec.bases] if path is not None else []


def _messenger(spec: BotSpec) -> Messenger:
    app_secret, at = secret(spec.secret_env), spec.at.rstrip("/")
    token, aes_key = secret(spec.token_env), secret(spec.aes_key_env)
    if spec.platform == "dingtalk":
        return DingTalkMessenger(spec.company_id, app_secret, at or DINGTALK)
    app = (spec.company_id, spec.app_id, app_secret, token, aes_key)
    if spec.platform == "wecom":
        return WeComMessenger(*app, at or WECOM)
    return FeishuMessenger(*app, at or (LARK if spec.platform == "lark" else FEISHU))
