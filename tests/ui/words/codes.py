"""All codes that the API can give, read from the code: of refused requests, failed answers, failed
jobs and documents that could not be read."""

import ast
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

ROOT = Path(__file__).parents[3]
_PACKAGES = ("app", "evals", "ingest", "vectorstore")

# Codes that the code computes, by the expression.
_COMPUTED = {
    "f'no_{alias}'": ("no_champion", "no_challenger"),
    "error.code": (),  # of another error, which is found where it is raised
    "refusal.code": (),  # of the guards: plain pages, before there is an interface
    "code": (),
    "code_of(error)": (),
}
# Calls that hand on a code under this name without refusing anything.
_OTHER_CALLS = ("NoticeOut", "client.fetch_token", "self._read", "kind")
# Routes that only programs use say what is wrong in their own way.
_HTTP = (HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND)


Constants = dict[str, str]  # of the modules, by name


def all_codes() -> dict[str, str]:
    """Each with a place where it comes from."""
    found = {status.phrase.lower().replace(" ", "_"): "Starlette" for status in _HTTP}
    paths = [path for package in _PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    modules = {path: ast.parse(path.read_text("utf-8")) for path in paths}
    constants = {
        name: value
        for module in modules.values()
        for name, value in filter(None, map(_assigned, module.body))
        if isinstance(value, str)
    }
    for path, module in modules.items():
        for code, line in _codes_in(module, constants):
            found.setdefault(code, f"{path.relative_to(ROOT)}:{line}")
    return found


def _codes_in(module: ast.Module, constants: Constants) -> Iterator[tuple[str, int]]:
    for node in ast.walk(module):
        match node:
            case ast.ClassDef(body=body):
                for name, value in filter(None, map(_assigned, body)):
                    if name == "code" and isinstance(value, str):
                        yield value, node.lineno
            case ast.FunctionDef(name="__init__", args=args):
                for each, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
                    if each.arg == "code" and isinstance(default, ast.Constant) and default.value:
                        yield str(default.value), node.lineno
            case ast.FunctionDef(name="reason", body=body):  # of a process that has ended
                for each in (n for s in body for n in ast.walk(s) if isinstance(n, ast.Return)):
                    if isinstance(each.value, ast.Tuple):
                        yield from ((c, each.lineno) for c in _values(each.value.elts[0], {}))
            case ast.Call():
                for code in _codes_of(node, constants):
                    yield code, node.lineno


def _assigned(statement: ast.stmt) -> tuple[str, object] | None:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=value)):
            return name, value
    return None


def _codes_of(call: ast.Call, constants: Constants) -> Iterator[str]:
    """Those that an error gets, or that a job ends with."""
    name = ast.unparse(call.func)
    given = [each.value for each in call.keywords if each.arg == "code"]
    if name.endswith("jobs.fail") and len(call.args) == 3:
        given.append(call.args[1])
    elif name == "end" and len(call.args) == 5:
        given.append(call.args[3])
    elif name == "_error":
        given.append(call.args[0])
    if name not in _OTHER_CALLS:
        for each in given:
            yield from _values(each, constants)


def _values(given: ast.expr, constants: Constants) -> Iterator[str]:
    match given:
        case ast.Constant(value=str(value)):
            yield value
        case ast.IfExp(body=one, orelse=other):
            yield from _values(one, constants)
            yield from _values(other, constants)
        case ast.Name(id=name) if name in constants:
            yield constants[name]
        case _:
            yield from _COMPUTED[ast.unparse(given)]
