# SPDX-License-Identifier: Apache-2.0
"""Checking the folder of a design: that its files belong together, then every claim."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from os import PathLike
from pathlib import Path, PurePosixPath

from lmu_verify.claims import Judge, Verdict, read_claims
from lmu_verify.design import Design, read_design
from lmu_verify.errors import BadFile, NotShown
from lmu_verify.fields import Fields, parse_json
from lmu_verify.files import read_bytes, read_npz, sha256
from lmu_verify.memory import read_memories
from lmu_verify.ranges import range_verdicts
from lmu_verify.reference import read_reference
from lmu_verify.summary import NOT_CHECKED, VERSION, summary_verdicts
from lmu_verify.sums import Progress

__all__ = ["verify", "verify_ranges"]

_CERTIFICATE, _SUMMARY, _MANIFEST = "certificate.npz", "certificate.json", "manifest.json"
_DESIGN, _REFERENCE, _RTL = "design.safetensors", "reference.safetensors", "rtl/"
_SEAL = "sha256"
_DIGEST_LINE = re.compile(rb"^// design sha256 ([0-9a-f]{64})$", re.MULTILINE)
_HEAD = 4096  # bytes of a Verilog file that hold its header


def verify(folder: str | PathLike[str], *, progress: Progress | None = None) -> list[Verdict]:
    """Check the folder of a design: its digests, and every claim of its certificate.

    Parameters
    ----------
    folder : path
        As it was generated; nothing in it is executed or unpickled.
    progress : callable, optional
        Called with a line of text every few steps.

    Returns
    -------
    list of Verdict
        The folder's verify if all of them hold.

    Raises
    ------
    BadFile
        If a file is missing, cannot be read, or is malformed.
    """
    return list(_verdicts(Path(folder), progress or (lambda line: None), ranges_only=False))


def verify_ranges(
    folder: str | PathLike[str], *, progress: Progress | None = None
) -> list[Verdict]:
    """Check the folder of a design: its digests, and that its memories keep to their formats.

    That takes less time than its certificate, whose bounds are closer.

    Parameters
    ----------
    folder, progress
        As in `verify`.

    Returns
    -------
    list of Verdict

    Raises
    ------
    BadFile
        If a file is missing, cannot be read, or is malformed.
    """
    return list(_verdicts(Path(folder), progress or (lambda line: None), ranges_only=True))


def _verdicts(folder: Path, progress: Progress, *, ranges_only: bool) -> Iterator[Verdict]:
    header, arrays = read_npz(folder / _CERTIFICATE)
    certificate = Fields(f"{folder / _CERTIFICATE}: header", header)
    certificate.known({"version", "design_digest", "files", "memories"})
    if certificate.get("version") != VERSION:
        certificate.refuse("version", f"{VERSION}; generate the design again")
    manifest = _sealed(folder)
    document = _json(folder, _SUMMARY)
    design, reference = read_design(folder / _DESIGN), read_reference(folder / _REFERENCE)
    yield _whole("files", lambda: _files(folder, certificate, manifest))
    yield _whole("digests", lambda: _digests(folder, design, certificate, manifest, document))
    memories = read_memories(design)
    layers = {layer.name: layer for layer in reference}
    entries = {entry.text("name"): entry for entry in certificate.objects("memories")}
    named = set(entries)
    strange = [key for key in arrays.arrays if key.partition("/")[0] not in named]
    if strange:
        raise BadFile(f"{arrays.where}: {strange[0]} is of no memory")
    yield _whole("memories", lambda: _complete(design, list(layers), memories, certificate))
    judges = []
    for memory in memories:
        name = memory.layer.name
        if name in entries and name in layers:
            claims = read_claims(entries[name], arrays, memory)
            judges.append(Judge(memory, layers[name], claims, progress))
            yield from range_verdicts(judges[-1]) if ranges_only else judges[-1].verdicts()
    if not ranges_only and len(judges) == len(memories):
        yield from summary_verdicts(document, design, reference, judges)


def _json(folder: Path, name: str) -> Fields:
    path = folder / name
    try:
        text = read_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise BadFile(f"{path} must hold UTF-8, but {error}") from None
    return Fields(str(path), parse_json(str(path), text))


def _sealed(folder: Path) -> Fields:
    """Return the manifest, which ends with the SHA-256 of what it says."""
    manifest = _json(folder, _MANIFEST)
    said = {key: value for key, value in manifest.values.items() if key != _SEAL}
    if manifest.text(_SEAL) != sha256(json.dumps(said, indent=2).encode()):
        raise BadFile(f"{manifest.where} is damaged, or was changed since it was generated")
    return manifest


def _whole(claim: str, check) -> Verdict:
    try:
        return Verdict(memory="folder", claim=claim, holds=True, detail=check())
    except NotShown as reason:
        return Verdict(memory="folder", claim=claim, holds=False, detail=str(reason))


def _files(folder: Path, certificate: Fields, manifest: Fields) -> str:
    """Show that every file is the one that is listed, and no other is in rtl."""
    listed, certified = manifest.object("files"), certificate.object("files")
    for table in (certified, listed):
        for name in table.values:
            parts = PurePosixPath(name).parts
            if not parts or name.startswith("/") or ".." in parts or "\\" in name:
                raise BadFile(f"{table.where}: {name!r} must be a file in the folder")
            if sha256(read_bytes(folder / name)) != table.text(name):
                raise NotShown(f"{name} is not the file that {table.where} lists")
    both = set(certified.values) | {_CERTIFICATE, _SUMMARY}
    for name in sorted(both ^ set(listed.values) | {_DESIGN, _REFERENCE} - both):
        raise NotShown(f"{name} must be listed by certificate and manifest, not by one")
    rtl = {f"{_RTL}{path.name}" for path in (folder / _RTL).glob("*")}
    if strange := sorted(rtl - set(certified.values)):
        raise NotShown(f"{strange[0]} is not a file of the design")
    return f"{len(listed.values)} files have the digests that certificate and manifest list"


def _digests(
    folder: Path, design: Design, certificate: Fields, manifest: Fields, document: Fields
) -> str:
    """Show that Verilog, certificate, summary and manifest name the digest of the design."""
    for fields in (certificate, manifest, document):
        if fields.text("design_digest") != design.digest:
            raise NotShown(f"{fields.where} is of another design than {_DESIGN}")
    listed = certificate.object("files").values
    verilog = [name for name in listed if name.startswith(_RTL) and name.endswith(".v")]
    if not verilog:
        raise NotShown("there is no Verilog")
    for name in verilog:
        head = read_bytes(folder / name)[:_HEAD]
        if _DIGEST_LINE.findall(head) != [design.digest.encode()]:
            raise NotShown(f"{name} is of another design than {_DESIGN}")
    if document.get("version") != VERSION:
        raise NotShown(f"{_SUMMARY} must be of version {VERSION}")
    if document.list("not_checked") != list(NOT_CHECKED):
        raise NotShown(f"{_SUMMARY} must say what is not checked: {', '.join(NOT_CHECKED)}")
    return f"Verilog, certificate, summary and manifest are of the design {design.digest[:12]}"


def _complete(design: Design, layers: list[str], memories, certificate: Fields) -> str:
    """Show that every memory of the design is certified, and no other."""
    if [layer.name for layer in design.layers] != layers:
        raise NotShown(f"{_REFERENCE} must have the layers of the design, not {layers}")
    names = [memory.layer.name for memory in memories]
    found = [entry.text("name") for entry in certificate.objects("memories")]
    if found != names:
        raise NotShown(f"the certificate must be about {names}, not {found}")
    return f"all {len(names)} memories of the design are certified"
