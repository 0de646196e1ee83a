"""Creates vector engines by name."""

from importlib.util import find_spec
from pathlib import Path

from vectorstore.exact import ExactEngine
from vectorstore.protocol import EngineMissing, VectorEngine

_NO_FOLDER = Path()


def vector_engine(name: str, folder: Path = _NO_FOLDER) -> VectorEngine:
    """The engine `exact` or `faiss`, which saves its stores in `folder`.

    Raises EngineMissing.
    """
    match name:
        case "exact":
            return ExactEngine()
        case "faiss":
            _require("faiss", "faiss-cpu")
            from vectorstore.faiss.engine import FaissEngine

            return FaissEngine(folder)
        case _:
            raise EngineMissing(f"unknown vector engine {name!r}; known engines: exact, faiss")


def _require(module: str, package: str) -> None:
    if find_spec(module) is None:
        raise EngineMissing(f"{package} is not installed. Run: pip install {package}")
