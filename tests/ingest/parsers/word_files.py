"""Word documents from pieces of XML, for what python-docx cannot write."""

import io
import zipfile
from collections.abc import Mapping

_NAMES = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "w14": "http://schemas.microsoft.com/office/word/2010/wordml",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
}
_DECLARED = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in _NAMES.items())
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"
MAIN_TYPE = f"{_WORD}.document.main+xml"
_KINDS = {"header1": "header", "header2": "header", "footer1": "footer"}
_ROOTS = {"header": "hdr", "footer": "ftr"}


def word_xml(
    body: str,
    *,
    links: Mapping[str, str] | None = None,
    main_type: str = MAIN_TYPE,
    **parts: str,
) -> bytes:
    """A document with this body; `parts` are `styles`, `numbering`, `footnotes`, `endnotes`,
    `settings`, `header1`, `header2` and `footer1`, related under their own names, `links` addresses
    by relationship id."""
    parts.setdefault("styles", "")
    kinds = {name: _KINDS.get(name, name) for name in parts}
    overrides = "".join(
        f'<Override PartName="/word/{name}.xml" ContentType="{_WORD}.{kind}+xml"/>'
        for name, kind in kinds.items()
    )
    related = "".join(
        f'<Relationship Id="{name}" Type="{_NAMES["r"]}/{kind}" Target="{name}.xml"/>'
        for name, kind in kinds.items()
    )
    related += "".join(
        f'<Relationship Id="{key}" Type="{_NAMES["r"]}/hyperlink" Target="{address}" '
        'TargetMode="External"/>'
        for key, address in (links or {}).items()
    )
    files = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
        'relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{main_type}"/>{overrides}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="d" '
        f'Type="{_NAMES["r"]}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f"{related}</Relationships>",
        "word/document.xml": f"<w:document {_DECLARED}><w:body>{body}</w:body></w:document>",
    }
    for name, content in parts.items():
        root = _ROOTS.get(kinds[name], kinds[name])
        files[f"word/{name}.xml"] = f"<w:{root} {_DECLARED}>{content}</w:{root}>"
    return zipped(files)


def zipped(files: Mapping[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        for name, content in files.items():
            target.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{content}')
    return stream.getvalue()


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def para(content: str, *, style: str = "", num: int | None = None, level: int = 0) -> str:
    """A paragraph of text, or of runs where `content` is XML."""
    inner = content if content.startswith("<") else run(content)
    properties = f'<w:pStyle w:val="{style}"/>' if style else ""
    if num is not None:
        properties += f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{num}"/></w:numPr>'
    return f"<w:p><w:pPr>{properties}</w:pPr>{inner}</w:p>"


def level(number: int, style: str, text: str, *, more: str = "") -> str:
    """A level of an abstract list; `more` follows its format."""
    return (
        f'<w:lvl w:ilvl="{number}"><w:start w:val="1"/><w:numFmt w:val="{style}"/>{more}'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


def abstract(number: int, *levels: str) -> str:
    return f'<w:abstractNum w:abstractNumId="{number}">{"".join(levels)}</w:abstractNum>'


def num(number: int, of: int, overrides: str = "") -> str:
    return f'<w:num w:numId="{number}"><w:abstractNumId w:val="{of}"/>{overrides}</w:num>'


def field(instruction: str, result: str = "", data: str = "") -> str:
    """A field between its marks; `data` is that of a form field."""
    return (
        f'<w:r><w:fldChar w:fldCharType="begin">{data}</w:fldChar></w:r>'
        f'<w:r><w:instrText xml:space="preserve"> {instruction} </w:instrText></w:r>'
        f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{run(result) if result else ""}'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )


def restricted(data: bytes) -> bytes:
    """The document as Word saves it in the form Strict Open XML."""
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        files = {name: source.read(name).decode() for name in source.namelist()}
    old, new = "http://schemas.openxmlformats.org/", "http://purl.oclc.org/ooxml/"
    for family in ("wordprocessingml", "officeDocument"):
        for name, content in files.items():
            files[name] = content.replace(f"{old}{family}/2006/", f"{new}{family}/")
    declaration = '<?xml version="1.0" encoding="UTF-8"?>'
    return zipped({name: content.removeprefix(declaration) for name, content in files.items()})
