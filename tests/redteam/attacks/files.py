"""Names and paths of files, and files made to do harm when they are read."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.ingest.files import word_file
from tests.ingest.office_files import (
    SALARIES,
    eml_file,
    epub_file,
    odt_file,
    pptx_file,
    xlsx_file,
    zip_file,
)
from tests.ingest.parsers.test_hostile import LAUGHS, nested_zip, replaced
from tests.redteam.attack import Attack, faults, lacks, sends, status
from tests.redteam.world import World

TRAVERSAL, NAMES = "path traversal", "hostile file names"
BOMBS, SSRF = "zip and XML bombs", "server-side requests"

_PASSWD = lacks("root:x:", "daemon:")


def _stays_inside(name: str, path: str = "") -> Attack:
    """The file is kept by its hash; the name only shows. Nothing appears elsewhere."""

    def act(world: World) -> str:
        before = _outside(world)
        answer = world.upload("stranger", name, f"text of {name!r} {path!r}".encode(), path=path)
        if _outside(world) != before:
            return "wrote a file elsewhere"
        if answer.status_code >= 400:
            return faults(world, answer)
        kept = answer.json()["path"]
        escapes = kept.startswith("/") or ".." in kept.split("/") or "\\" in kept
        return f"kept as {kept!r}" if escapes else faults(world, answer)

    return Attack(TRAVERSAL, f"upload as {name!r}, path {path!r}"[:120], act)


def _outside(world: World) -> set[Path]:
    """Of the service's own folder; the interface writes its log to another."""
    kept = (world.folder / "data", world.folder / "ui")
    return {p for p in world.folder.rglob("*") if not any(map(p.is_relative_to, kept))}


_ROUTES_TO_FILES = (
    *("/api/documents/{}/file", "/api/documents/{}/text", "/api/documents/{}/pages/1"),
    *("/api/bases/{}/documents", "/api/bases/x/evaluations/{}/report"),
)
_UP = ("..%2f..%2f..%2fetc%2fpasswd", "%2e%2e%5c%2e%2e%5cetc%5cpasswd", "%2fetc%2fpasswd")

_TRAVERSALS = [
    _stays_inside("../../../evil.md"),
    _stays_inside("..\\..\\evil.md"),
    _stays_inside("/etc/cron.d/evil.md"),
    _stays_inside("C:\\Windows\\evil.md"),
    _stays_inside("a.md", "../../evil.md"),
    _stays_inside("a.md", "/var/evil.md"),
    _stays_inside("a.md", "x/..\\..\\../evil.md"),
    _stays_inside("a.md", "....//....//evil.md"),
    _stays_inside("a.md", ".\x00./evil.md"),
    _stays_inside("a.md", "..%2f..%2fevil.md"),
    _stays_inside("a.md", "x/../../restricted/s.md"),
    *(
        sends(TRAVERSAL, f"GET {route.format(up)}", "keeper", "GET", route.format(up), _PASSWD,
              status(404, 422))
        for route in _ROUTES_TO_FILES
        for up in _UP
    ),
    *(
        sends(TRAVERSAL, f"interface {path}", "ui nobody", "GET", path, _PASSWD)
        for path in (
            *("/static/..%2f..%2f..%2fetc%2fpasswd", "/static/%2e%2e/%2e%2e/etc/passwd"),
            *("/media/..%2f..%2fetc%2fpasswd", "/component/x/..%2f..%2fetc%2fpasswd"),
            *("/zhiwen/pages/..%2f..%2fapi%2faudit/1", "/login/..%2f..%2fapi%2fbases/callback"),
            *("/login/..%2f..%2fpeople", "/app/static/../../main.py"),
        )
    ),
]  # fmt: skip


def _base_as_path(world: World) -> str:
    """Names of bases are no paths either, wherever files are made of them."""
    before = _outside(world)
    made = world.people["stranger"].post("/api/bases", json={"name": "../../../evil"})
    path = f"/api/bases/{made.json()['id']}"
    files = {"file": ("a.md", b"text")}
    answer = world.people["stranger"].post(f"{path}/documents", files=files)
    world.read_all()
    world.people["stranger"].delete(path)
    return "wrote a file elsewhere" if _outside(world) != before else faults(world, answer)


def _named(what: str, name: str) -> Attack:
    """The document can be listed, downloaded and removed; its name breaks no header."""

    def act(world: World) -> str:
        answer = world.upload("stranger", name, f"named {what}".encode())
        if answer.status_code >= 400:
            return faults(world, answer)
        path = f"/api/documents/{answer.json()['id']}"
        with world.people["stranger"].stream("GET", f"{path}/file") as download:
            download.read()
            disposition = download.headers.get_list("content-disposition")
            broken = len(disposition) != 1 or "evil" in download.headers
            inline = not disposition or not disposition[0].startswith("attachment")
            found = faults(world, download)
        world.people["stranger"].delete(path)
        return "breaks the headers" if broken else "is shown inline" if inline else found

    return Attack(NAMES, what, act)


_NAMES = [
    _named("a line break and a header", "a\r\nevil: 1\r\n\r\n.md"),
    _named("a quote and another name", 'a"; filename="evil.html".md'),
    _named("right-to-left override", "invoice\u202efdp.md"),
    _named("zero-width characters", "a\u200b\u200d\ufeff.md"),
    _named("a name of Windows", "CON.md"),
    _named("the longest name", "长" * 3000 + ".md"),
    _named("dots", "...md"),
    _named("spaces", "   .md"),
    _named("an alternate stream", "a.md:evil.exe.md"),
    _named("a shell's command", "$(touch evil);`id`|x&.md"),
    _named("an option of a command", "--output=evil.md"),
    _named("HTML", "<img src=x onerror=alert(1)>.md"),
    _named("SQL", "'; DROP TABLE document; --.md"),
    _named("a format string", "%s%n{0.__class__}.md"),
    _named("two extensions", "evil.html.md"),
    _named("combining marks", "a" + "\u0301" * 200 + ".md"),
    _named("a web page, to be shown", "evil.html"),
    _named("hidden configuration", ".streamlit.md"),
    _named("the percent sign", "%0d%0aevil%3a%201.md"),
]


def _read(kind: str, name: str, filename: str, make: Callable[[World], bytes], *bad: str) -> Attack:
    """The worker reads the file in bounds; `bad` is in no text of it."""

    def act(world: World) -> str:
        answer = world.upload("stranger", filename, make(world))
        if answer.status_code >= 400:
            return faults(world, answer)
        world.read_all()
        path = f"/api/documents/{answer.json()['id']}"
        document = world.people["stranger"].get(path).json()
        text = world.people["stranger"].get(f"{path}/text").text
        world.people["stranger"].delete(path)
        if document["state"] not in ("ready", "failed"):
            return f"left {document['state']}"
        if document["error_code"] in ("internal", "crashed"):
            return f"brought the reader down: {document['error_code']}"
        return ", ".join(f"reads {each!r}" for each in bad if each in text)

    return Attack(kind, name, act)


def _xml(entity: str, use: str = "&x;") -> str:
    return (
        f'<?xml version="1.0"?><!DOCTYPE d [{entity}]><w:document xmlns:w="http://schemas.openxml'
        f'formats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>{use}</w:t></w:r></w:p>'
        "</w:body></w:document>"
    )


def _word_with(entity: str) -> Callable[[World], bytes]:
    return lambda world: replaced(word_file(), "word/document.xml", _xml(world.fill(entity)))


def _with_relation(
    package: Callable[[], bytes], member: str, kind: str
) -> Callable[[World], bytes]:
    def make(world: World) -> bytes:
        relations = (
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            '<Relationship Id="r9" TargetMode="External" Type="http://schemas.openxmlformats.org/'
            f'officeDocument/2006/relationships/{kind}" Target="{world.canary.url}/x"/>'
            "</Relationships>"
        )
        return replaced(package(), member, relations)

    return make


_LAUGHS = "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha" * 50}">' for n in range(10)
)  # fmt: skip

_BOMBS = [
    _read(BOMBS, "a billion laughs in Word", "laughs.docx",
          lambda _: replaced(word_file(), "word/document.xml", _xml(_LAUGHS, "&l9;")), "haha"),
    _read(BOMBS, "a billion laughs in Excel", "laughs.xlsx",
          lambda _: replaced(xlsx_file({"S": SALARIES}), "xl/workbook.xml", LAUGHS), "haha"),
    _read(BOMBS, "a billion laughs in OpenDocument", "laughs.odt",
          lambda _: replaced(odt_file(), "content.xml", LAUGHS), "haha"),
    _read(BOMBS, "a billion laughs in slides", "laughs.pptx",
          lambda _: replaced(pptx_file(), "ppt/presentation.xml", LAUGHS), "haha"),
    _read(BOMBS, "a billion laughs in a book", "laughs.epub",
          lambda _: replaced(epub_file(), "META-INF/container.xml", LAUGHS), "haha"),
    _read(BOMBS, "a billion laughs in a web page", "laughs.html",
          lambda _: f"<!DOCTYPE d [{_LAUGHS}]><p>&l9;</p>".encode(), "haha" * 100),
    _read(BOMBS, "a quadratic blow-up", "quadratic.docx",
          lambda _: replaced(word_file(), "word/document.xml",
                             _xml(f'<!ENTITY x "{"a" * 50_000}">', "&x;" * 5000)), "aaaa"),
    _read(BOMBS, "a file of this machine by an entity", "file.docx",
          _word_with('<!ENTITY x SYSTEM "file:///etc/passwd">'), "root:"),
    _read(BOMBS, "a file by a parameter entity", "parameter.docx",
          _word_with('<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;'), "root:"),
    _read(BOMBS, "a file by XInclude", "include.docx", lambda _: replaced(
        word_file(), "word/document.xml",
        '<x xmlns:i="http://www.w3.org/2001/XInclude"><i:include parse="text" '
        'href="file:///etc/passwd"/></x>'), "root:"),
    _read(BOMBS, "80 MB of zeros in a zip", "zeros.zip",
          lambda _: zip_file({"a.txt": bytes(80 << 20)})),
    _read(BOMBS, "5,001 files in a zip", "many.zip",
          lambda _: zip_file({f"{n}.txt": b"" for n in range(5001)})),
    _read(BOMBS, "zips in zips", "deep.zip", lambda _: nested_zip(12)),
    _read(BOMBS, "a zip that leaves its folder", "up.zip",
          lambda _: zip_file({"../../../../tmp/evil.txt": "evil"}), "evil"),
    _read(BOMBS, "a link to a file in a zip", "link.zip", lambda _: _link("/etc/passwd"), "root:"),
    _read(BOMBS, "deep brackets in JSON", "deep.json", lambda _: b"[" * 200_000),
    _read(BOMBS, "deep elements in HTML", "deep.html", lambda _: b"<div>" * 50_000),
    _read(BOMBS, "deep quotes in Markdown", "deep.md", lambda _: b"> " * 20_000 + b"x"),
    _read(BOMBS, "200,000 columns in CSV", "wide.csv", lambda _: b",".join([b"1"] * 200_000)),
]  # fmt: skip


def _link(target: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        link = zipfile.ZipInfo("link.txt")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, target)
    return data.getvalue()


_FETCHES = {
    "page.html": '<base href="{canary}"><link rel=stylesheet href="{canary}/a.css"><img src='
    '"{canary}/i"><iframe src="{canary}/f"></iframe><script src="{canary}/s"></script>'
    '<meta http-equiv=refresh content="0;url={canary}"><object data="{canary}/o"></object><p>x',
    "image.md": "![x]({canary}/i.png)\n\n[x]: {canary}/r\n\n<img src={canary}/h>\n\ntext",
    "link.csv": '=WEBSERVICE("{canary}/w"),=IMPORTXML("{canary}/x")\n1,2',
    "schema.json": '{"$ref": "{canary}/ref", "$schema": "{canary}/s"}',
    "rich.rtf": r'{\rtf1 {\field{\*\fldinst INCLUDEPICTURE "{canary}/p"}} text}',
}

_SSRF = [
    *(_read(SSRF, f"addresses in {name}", name, lambda w, text=text: w.fill(text).encode())
      for name, text in _FETCHES.items()),
    _read(SSRF, "an external entity", "entity.docx", _word_with('<!ENTITY x SYSTEM "{canary}/e">')),
    _read(SSRF, "an external DTD", "dtd.docx", _word_with('<!ENTITY % p SYSTEM "{canary}/d"> %p;')),
    _read(SSRF, "an attached template in Word", "template.docx",
          _with_relation(word_file, "word/_rels/settings.xml.rels", "attachedTemplate")),
    _read(SSRF, "a linked picture in slides", "picture.pptx",
          _with_relation(pptx_file, "ppt/slides/_rels/slide9.xml.rels", "image")),
    _read(SSRF, "a linked workbook", "linked.xlsx",
          _with_relation(lambda: xlsx_file({"S": SALARIES}),
                         "xl/externalLinks/_rels/externalLink1.xml.rels", "externalLinkPath")),
    _read(SSRF, "a remote picture in a message", "mail.eml", lambda w: eml_file(
        {"a.html": f'<img src="{w.canary.url}/i">'.encode()})),
    _read(SSRF, "a remote chapter in a book", "book.epub", lambda w: replaced(
        epub_file(), "META-INF/encryption.xml", f'<x URI="{w.canary.url}"/>')),
    sends(SSRF, "an address as model", "stranger", "POST", "/api/chat",
          json={"question": "x", "base_ids": ["{own_id}"], "model": "{canary}"}),
    sends(SSRF, "an address as OpenAI model", "stranger", "POST", "/v1/chat/completions",
          json={"model": "zhiwen@{canary}", "messages": [{"role": "user", "content": "x"}]}),
    sends(SSRF, "an image_url in an OpenAI message", "stranger", "POST", "/v1/chat/completions",
          json={"model": "zhiwen", "messages": [{"role": "user", "content": [
              {"type": "image_url", "image_url": {"url": "{canary}/i"}}]}]}),
    sends(SSRF, "an address as path of a file", "stranger", "POST",
          "/api/bases/{own_id}/documents", params={"path": "{canary}/a.md"},
          files={"file": ("a.md", b"path is an address")}),
    sends(SSRF, "an address as document of the interface", "ui stranger", "GET",
          "/zhiwen/pages/http:%2f%2f127.0.0.1%2fx/1"),
    sends(SSRF, "an address as provider of the interface", "ui nobody", "GET",
          "/login/http:%2f%2f127.0.0.1%2fx"),
    sends(SSRF, "a forwarded host", "nobody", "GET", "/api/session",
          headers={"X-Forwarded-Host": "{canary}", "Forwarded": "host={canary}"}),
]  # fmt: skip


def _setting(name: str, value: str) -> Attack:
    """A trial of settings changes how is searched, not where things are."""
    body = {"changes": {name: value}, "answers": True}
    path = "/api/bases/{own_id}/evaluations"
    return sends(
        SSRF, f"an evaluation with {name}", "stranger", "POST", path, status(422), json=body
    )


_SETTINGS = [
    _setting(name, value)
    for name, value in (
        *(("engine_url", "{canary}"), ("engines", "/etc/passwd"), ("otlp_endpoint", "{canary}")),
        *(("hub_endpoint", "{canary}"), ("database_url", "sqlite:////x"), ("data_dir", "/var")),
        *(("vllm_python", "/bin/sh"), ("tokenizer", "../../etc"), ("auth", "none")),
        *(("log_prompts", "true"), ("embedder", "../../etc"), ("trusted_proxies", "0.0.0.0/0")),
        *(("parse_memory_mib", "99999999"), ("api_key", "zk_x"), ("chat_model", "../x")),
    )
]

ATTACKS = [
    *_TRAVERSALS,
    Attack(TRAVERSAL, "a base named as a path", _base_as_path),
    *(*_NAMES, *_BOMBS, *_SSRF, *_SETTINGS),
]
