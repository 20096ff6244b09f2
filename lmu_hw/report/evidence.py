# SPDX-License-Identifier: Apache-2.0
"""What others left in a design's folder: hardware totals, certificates, proofs."""

from __future__ import annotations

from pathlib import Path

from lmu_hw.errors import LoadError
from lmu_hw.files import read_json
from lmu_hw.folder import DesignFolder
from lmu_hw.measure.hardware_proof import HardwareProof, LemmaReport
from lmu_hw.measure.results import HardwareReport
from lmu_hw.proofs import Summary, read_summary
from lmu_hw.prove.claims import read_proof
from lmu_hw.records import decode

__all__ = ["read_certificates", "read_hardware", "read_hardware_proof"]


def read_hardware(folder: DesignFolder) -> HardwareReport:
    """Return the totals in the folder's ``manifest.json``.

    Raises
    ------
    LoadError
        If the file or one of its keys is missing, or holds the wrong kind of value.
    """
    try:
        return decode(HardwareReport, folder.manifest, part=True)
    except ValueError as error:
        raise _damaged(folder.path / folder.MANIFEST, error) from None


def read_certificates(folder: DesignFolder) -> Summary:
    """Return what is proved about a design, from the folder's ``certificate.json``.

    Raises
    ------
    LoadError
        If the file or one of its keys is missing, or holds the wrong kind of value.
    """
    data = folder.read(folder.SUMMARY)
    try:
        return read_summary(read_json(data))
    except ValueError as error:
        raise _damaged(folder.path / folder.SUMMARY, error) from None


def read_hardware_proof(folder: DesignFolder) -> HardwareProof | None:
    """Return what is in the folder's ``proof.json``; None if there is no such file.

    Raises
    ------
    LoadError
        If the file is damaged.
    """
    proof = read_proof(folder)
    if proof is None:
        return None
    return HardwareProof(
        sentence=proof.sentence,
        rtl=proof.rtl,
        lemmas=tuple(
            LemmaReport(
                part=lemma.part.value,
                claim=lemma.claim,
                status=lemma.status.value,
                detail=lemma.detail,
                counterexample=lemma.counterexample,
            )
            for lemma in proof.lemmas
        ),
        missing=proof.missing,
        changed_files=proof.changed_files,
        trusted=proof.trusted,
        seconds=proof.seconds,
    )


def _damaged(path: Path, error: object) -> LoadError:
    return LoadError(f"{path}: is damaged ({error}); generate the design again")
