# SPDX-License-Identifier: Apache-2.0
"""Proving a design's folder: the lemmas, one part after the other."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from lmu_hw.checked import real
from lmu_hw.design import Design
from lmu_hw.errors import LoadError, ToolError
from lmu_hw.files import sha256
from lmu_hw.folder import DesignFolder
from lmu_hw.hdl.verilog import core_name
from lmu_hw.implement.record import rtl_digest, rtl_files
from lmu_hw.manifest import read_plan
from lmu_hw.network import QuantizedNetwork
from lmu_hw.plan import Plan, Reloadable
from lmu_hw.prove.claims import UNREACHED, UNWRITTEN, Lemma, Part, ProofResult, Status, write_proof
from lmu_hw.prove.comparison import Failure
from lmu_hw.prove.control import prove_control
from lmu_hw.prove.data.proof import prove_data
from lmu_hw.prove.deadline import TIME_LIMIT, OutOfTime, ended, left, limited
from lmu_hw.prove.hardware.machine import Machine
from lmu_hw.prove.hardware.netlist import read_netlist
from lmu_hw.prove.hardware.parts import part_of
from lmu_hw.prove.runner import search
from lmu_hw.prove.streams.proof import prove_streams
from lmu_hw.prove.subject import Subject, Tell
from lmu_hw.prove.wires import wires_of
from lmu_verify import BadFile, Verdict, verify_ranges

__all__ = ["given_of", "lemmas_of", "prove"]

_STIMULI = "counterexample.npy"
_REPLAY = "counterexample.v"


def prove(
    directory: str | Path,
    *,
    time_limit: float = TIME_LIMIT,
    progress: Tell | None = None,
) -> ProofResult:
    """Prove what can be proved of the emitted Verilog of a design.

    Parameters
    ----------
    directory : str or Path
        Written by `emit`; ``proof.json`` is left in it, and inputs for which the hardware is wrong
        in ``counterexample.npy``, if any are found, and in ``counterexample.v`` a bench that plays
        a run in which its control fails.
    time_limit : float
        Seconds after which what is left is given up, and named.
    progress : callable, optional
        Told what is being proved.

    Raises
    ------
    ConfigError
        If the time is no positive number.
    LoadError, ToolError
        If the folder is no design, or Yosys does not read its Verilog.
    """
    tell = progress or (lambda text: None)
    real(time_limit, "`time_limit`", above=0, rule="a positive number of seconds")
    started = time.process_time()
    folder = DesignFolder(directory)
    folder.results.check(folder.PROOF, _STIMULI, _REPLAY)
    design = Design.read(folder.path)
    plan, files = read_plan(folder, design.network), rtl_files(folder)
    with limited(time_limit):
        verdicts, late = _verified(folder.path, tell)
        lemmas, ranges, stimuli = lemmas_of(files, design.network, plan, tell=tell)
        control = prove_control(files, design.network, plan, tell=tell)
    lemmas += [*control.lemmas, _ranges(ranges, verdicts, late)]
    if control.bench:
        folder.results.write(_REPLAY, control.bench.encode())
    name = ""
    if stimuli is not None:
        name = _STIMULI
        folder.results.write(name, _npy(stimuli))
    result = ProofResult(
        design=design.network.name,
        rtl=rtl_digest(files),
        certificate=sha256(folder.read(folder.CERTIFICATE)),
        lemmas=tuple(lemmas),
        ranges=ranges,
        changed_files=folder.changed_rtl(),
        stimuli=name,
        seconds=round(time.process_time() - started, 1),
        given=given_of(plan),
    )
    write_proof(folder, result)
    return result


def given_of(plan: Plan) -> str:
    """Return under which conditions it is proved; empty: under none."""
    conditions = {
        UNWRITTEN: plan.layers[0].reloadable is not Reloadable.NONE,
        UNREACHED: plan.state_access,
    }
    return ", and ".join(words for words, holds in conditions.items() if holds)


def _npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def lemmas_of(
    files: Mapping[str, bytes],
    network: QuantizedNetwork,
    plan: Plan,
    *,
    searching: bool = True,
    tell: Tell = lambda text: None,
) -> tuple[list[Lemma], tuple[str, ...], np.ndarray | None]:
    """Return what becomes of the claims of some Verilog, but for that of ranges.

    Parameters
    ----------
    files : mapping of name to content
        Verilog and ROM contents.
    network : QuantizedNetwork
    plan : Plan
    searching : bool
        Look for a counterexample, where a lemma of data fails.
    tell : callable

    Returns
    -------
    lemmas : list of Lemma
    ranges : tuple of str
        Nodes whose ranges are taken for granted.
    stimuli : (1, steps, inputs) array or None
        Inputs for which a word is wrong.
    """
    tell("reading the Verilog")
    netlist = read_netlist(files, core_name(network, plan))
    subject = Subject(network=network, plan=plan, netlist=netlist)
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 20_000))
    lemmas, understood = _reading(subject)
    if not understood:
        return lemmas, (), None
    streams = plan.stream.streams > 1
    data = prove_streams(subject, tell) if streams else prove_data(subject, tell)
    lemmas += data.lemmas
    if data.shown or streams or not searching or not left():  # a search takes time
        return lemmas, data.ranges, None
    tell("looking for inputs for which a word is wrong")
    lemma, stimuli = search(subject, tell)
    return [*lemmas, lemma], data.ranges, stimuli


def _reading(subject: Subject) -> tuple[list[Lemma], bool]:
    """Return the lemmas of reading, and whether the design can be run."""
    netlist = subject.netlist
    wrong = [*netlist.wrong_clocks(), *netlist.clock_in_logic()]
    clocked = Lemma(
        part=Part.READING,
        claim="every register and memory is clocked by the rising edge of clk, and nothing else is",
        status=Status.NOT_SHOWN if wrong else Status.SHOWN,
        detail=f"not so: {', '.join(wrong[:3])}" if wrong else "",
    )
    try:
        wires = wires_of(netlist, subject.plan)
        unknown = Machine(part_of(netlist, wires.values(), {}), wires).program.not_understood
        detail = f"not understood: {', '.join(unknown[:3])}" if unknown else ""
        runs = True
    except (Failure, ToolError) as error:
        detail, runs = str(error), False
    understood = Lemma(
        part=Part.READING,
        claim="every cell is understood, and no logic feeds itself",
        status=Status.NOT_SHOWN if detail else Status.SHOWN,
        detail=detail or f"{len(netlist.cells):,} cells",
    )
    return [clocked, understood], runs and not wrong


def _verified(directory: Path, tell: Tell) -> tuple[list[Verdict], str]:
    """Return what the checker says of the ranges of a design, and why it was given up, if so."""
    tell("checking that memories keep to their formats")

    def told(text: str) -> None:
        ended()
        tell(text)

    try:
        return verify_ranges(directory, progress=told), ""
    except OutOfTime as late:
        return [], str(late)
    except BadFile as error:
        raise LoadError(f"{error}; generate the design again") from None


def _ranges(ranges: Sequence[str], verdicts: Sequence[Verdict], late: str) -> Lemma:
    """Return whether the ranges that were used were shown of the design's integers."""
    claim = "results that forbid overflow lie in their formats"
    if late:
        return Lemma(part=Part.RANGES, claim=claim, status=Status.NOT_SHOWN, detail=late)
    if not ranges:
        detail = "by their intervals"
        return Lemma(part=Part.RANGES, claim=claim, status=Status.SHOWN, detail=detail)
    certified = {verdict.memory for verdict in verdicts if verdict.claim == "range"}
    failed = [verdict for verdict in verdicts if not verdict.holds]
    missing = [name for name in ranges if name not in certified]
    if failed or missing:
        reason = f"{failed[0].memory}: {failed[0].claim} does not hold" if failed else ""
        detail = reason or f"nothing was shown of {', '.join(missing)}"
        return Lemma(part=Part.RANGES, claim=claim, status=Status.NOT_SHOWN, detail=detail)
    detail = f"by lmu_verify, of all that memories store and carry: {', '.join(ranges)}"
    return Lemma(part=Part.RANGES, claim=claim, status=Status.SHOWN, detail=detail)
