"""Variants of Office files as the libraries know them: Strict Open XML, macros, templates.

ISO/IEC 29500 Strict writes the same elements in other name spaces; files with macros, templates
and shows differ in the content type of their main part.
"""

import io
import re
import zipfile

from ingest.parsing.package import Package

_STRICT = b"http://purl.oclc.org/ooxml/"
_STRICT_NAME = re.compile(rb"http://purl\.oclc\.org/ooxml/([a-zA-Z]+)/([A-Za-z]+)")
_RENAMED = {
    b"extendedProperties": b"extended-properties",
    b"customProperties": b"custom-properties",
}
_TYPES = "[Content_Types].xml"
_RELATIONSHIPS = "_rels/.rels"
_OFFICE = "application/vnd.openxmlformats-officedocument."
_MAIN_TYPES = (
    (
        re.compile(
            rb"application/vnd\.(?:ms-word\.(?:document|template)\.macroEnabled(?:Template)?"
            rb"|openxmlformats-officedocument\.wordprocessingml\.template)\.main\+xml"
        ),
        f"{_OFFICE}wordprocessingml.document.main+xml".encode(),
    ),
    (
        re.compile(
            rb"application/vnd\.(?:ms-powerpoint\.(?:presentation|slideshow|template)\.macroEnabled"
            rb"|openxmlformats-officedocument\.presentationml\.(?:slideshow|template))\.main\+xml"
        ),
        f"{_OFFICE}presentationml.presentation.main+xml".encode(),
    ),
)


def plain_package(data: bytes, package: Package) -> bytes:
    """`data`, or where it is a variant the same file in the usual form.

    Raises ParseError `broken` where a member cannot be read.
    """
    names = set(package.names())
    types = package.read(_TYPES) if _TYPES in names else b""
    usual = _usual_type(types)
    strict = _RELATIONSHIPS in names and _STRICT in package.read(_RELATIONSHIPS)
    if usual == types and not strict:
        return data
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        for name in package.names():
            content = usual if name == _TYPES else package.read(name)
            if strict and name.endswith((".xml", ".rels")):
                content = _STRICT_NAME.sub(_usual_name, content)
            target.writestr(name, content)
    return made.getvalue()


def _usual_type(types: bytes) -> bytes:
    for variant, usual in _MAIN_TYPES:
        types = variant.sub(usual, types)
    return types


def _usual_name(found: re.Match[bytes]) -> bytes:
    """`…/officeDocument/relationships` → `…/officeDocument/2006/relationships`; what follows
    stays."""
    family, name = found[1], found[2]
    return b"http://schemas.openxmlformats.org/%s/2006/%s" % (family, _RENAMED.get(name, name))
