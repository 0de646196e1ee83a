"""Generates the API reference from the OpenAPI document.

python -m app.api.reference_page > docs/reference/api.md
"""

import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Schema = Mapping[str, Any]

_HEAD = """# HTTP API

Every route and field, generated from the service's OpenAPI document (`/openapi.json`). A running
service shows the same at <http://127.0.0.1:8000/docs>, where you can try requests. For a guided
walk, read [Use the HTTP API](../how-to/api.md). Required fields are **bold**. Any route may also
answer with a [problem](../how-to/api.md#errors).
"""
_LEFT_OUT = frozenset(
    {"HTTPValidationError", "ValidationError"}
)  # problem responses are used instead
_BOUNDS = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "minimum": "from {}",
    "exclusiveMinimum": "above {}",
    "maximum": "to {}",
}


def markdown(document: Schema) -> str:
    """`docs/reference/api.md`: routes by tag in order, then the objects they use."""
    parts = [_HEAD]
    tag = None
    for method, path, operation in _operations(document):
        if operation["tags"][0] != tag:
            tag = operation["tags"][0]
            parts.append(f"## {tag[0].upper()}{tag[1:]}\n")
        parts.append(_route(method, path, operation))
    parts.append("## Objects\n")
    for name, schema in document["components"]["schemas"].items():
        if name not in _LEFT_OUT:
            parts.append(_object(name, schema))
    return "\n".join(parts)


def _operations(document: Schema) -> Iterator[tuple[str, str, Schema]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _route(method: str, path: str, operation: Schema) -> str:
    lines = [f"### {method} {path}\n\n{operation.get('description', '').strip()}\n"]
    rows = [
        _row(given["name"], given["schema"] | given, required=given["required"])
        for given in operation.get("parameters", ())
        if given["in"] != "path"
    ]
    if rows:
        lines.append(_table("parameter", rows))
    if body := operation.get("requestBody"):
        lines.append(f"Request: {_contents(body)}.\n")
    for status, response in operation["responses"].items():
        if status.startswith("2") and (content := _contents(response)):
            lines.append(f"Response {status}: {content}.\n")
    return "\n".join(lines)


def _contents(part: Schema) -> str:
    """Content types of a request or response; empty without a body."""
    named = []
    for media_type, content in part.get("content", {}).items():
        kind = _kind(content.get("schema", {}))
        if media_type == "application/json":
            named.append(kind)
        elif "properties" in content.get("schema", {}):
            fields = ", ".join(f"`{name}`" for name in content["schema"]["properties"])
            named.append(f"`{media_type}` with {fields}")
        else:
            named.append(f"`{media_type}`")
    return " or ".join(name for name in named if name)


def _object(name: str, schema: Schema) -> str:
    about = " ".join(schema.get("description", "").split())
    required = schema.get("required", ())
    rows = [
        _row(field, of, required=field in required)
        for field, of in schema.get("properties", {}).items()
    ]
    heading = f"### {name}\n"
    return "\n".join([heading, *([f"{about}\n"] if about else []), _table("field", rows)])


def _table(first: str, rows: list[str]) -> str:
    return f"| {first} | type | meaning | default |\n|---|---|---|---|\n{''.join(rows)}"


def _row(name: str, schema: Schema, *, required: bool) -> str:
    shown = f"**`{name}`**" if required else f"`{name}`"
    default = "" if schema.get("default") in (None, "", {}) else f"`{schema['default']}`"
    meaning = "; ".join(text for text in (schema.get("description", ""), _bounds(schema)) if text)
    cells = (shown, _kind(schema), meaning, default)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _kind(schema: Schema) -> str:
    """The type as text, with links to the objects below."""
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if options := schema.get("anyOf", schema.get("oneOf")):
        return " or ".join(_kind(option) for option in options)
    if choices := schema.get("enum"):
        return " or ".join(f"`{choice}`" for choice in choices)
    return _plain_kind(schema)


def _plain_kind(schema: Schema) -> str:
    kind = schema.get("type", "")
    values = schema.get("additionalProperties")
    if kind == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if kind == "object" and isinstance(values, dict):
        return f"map to {_kind(values)}"
    return str({"date-time": "time", "binary": "file"}.get(schema.get("format", ""), kind))


def _bounds(schema: Schema) -> str:
    """Limits, including those of an optional value."""
    options = [schema, *schema.get("anyOf", ())]
    return ", ".join(
        words.format(f"{option[key]:g}")
        for option in options
        for key, words in _BOUNDS.items()
        if key in option
    )


def openapi() -> Schema:
    """The OpenAPI document of a service with the embedder and model used in tests."""
    from app.api.main import create_app
    from app.config import Settings
    from app.llm.scripted import ScriptedChatModel
    from app.wiring.application import build

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), embedder="hashing")
        return create_app(build(settings, model=ScriptedChatModel())).openapi()


if __name__ == "__main__":
    sys.stdout.write(markdown(openapi()))
