# SPDX-License-Identifier: Apache-2.0
"""The bench is tested: hardware with one thing changed fails, unless the change is none.

Every third reset, limit of a sum and term of a handshake of a design is changed, one at a time;
``make mutants`` changes everything there is, in several designs. A mutant that survives must be
proved to be the same at every port, or known, with the reason why it cannot be seen.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter

import pytest

import lmu_hw
from tests.simulators import require_simulator
from tools.mutation.bench import MutantBench
from tools.mutation.known import reason_of
from tools.mutation.proof import proved
from tools.mutation.sites import mutants_of

FEW_CYCLES, MANY_CYCLES = 2_000, 40_000  # the second for what survives and is not proved equal
# What so few cycles of stimuli do not have: a reset of one cycle in the cycle in which a layer lets
# its input go, or in which a step is done; power-up with some registers 0 and others 1.
TOO_RARE = (
    "tiny_layer_lmu.i__freed: no reset",
    "tiny_layer_lmu.finished: no reset",
    "tiny_layer_lmu_sequencer.moved: no reset",
)
HANDSHAKES = re.compile(r"(_axi|_source|_answers|_sequencer)\.|\.(i__ready|w_en|r_en|trace_)")


def is_always_run(mutant):
    """Say whether a mutant is a reset, a limit, or a term of a handshake."""
    handshake = mutant.kind == "logic" and HANDSHAKES.search(mutant.name)
    return mutant.kind in ("reset", "limit") or handshake


def test_mutants_fail_unless_they_cannot_be_seen(folder_of, tmp_path):
    require_simulator("verilator")
    folder = folder_of("tiny")
    text = (folder / "rtl" / "tiny.v").read_text()
    mutants = [mutant for mutant in mutants_of(text) if is_always_run(mutant)][::3]
    bench = MutantBench(folder, tmp_path / "work", cycles=[FEW_CYCLES], mutants=mutants)
    fates = list(bench.fates(mutants))
    killed = Counter(fate.mutant.kind for fate in fates if fate.killed)
    assert killed["reset"] >= 16 and killed["limit"] >= 13 and killed["logic"] >= 26, killed
    alive = [fate.mutant for fate in fates if not fate.killed]
    alive = [m for m in alive if not reason_of("tiny", m) and m.name not in TOO_RARE]
    proofs = proved(text, alive, folder / "rtl", tmp_path / "proofs")
    unproved = [mutant for mutant, equal in zip(alive, proofs, strict=True) if not equal]
    bench.drive([MANY_CYCLES])
    assert [fate.mutant.name for fate in bench.fates(unproved) if not fate.killed] == []


@pytest.mark.parametrize("design", ["tiny"])
def test_a_wrong_word_in_any_rom_names_the_layer(folder_of, tmp_path, design):
    """The lowest digit of every word is another; a table is that of one node, which is named."""
    require_simulator("icarus")
    folder = folder_of(design)
    for path in sorted((folder / "rtl").glob("*.hex")):
        copy = tmp_path / path.stem
        shutil.copytree(folder, copy)
        text = re.sub(r"[0-9a-f](?=\n)", lambda m: f"{int(m[0], 16) ^ 15:x}", path.read_text())
        (copy / "rtl" / path.name).write_text(text)
        (result,) = lmu_hw.simulate(copy, simulators=["icarus"], max_cycles=500)
        assert result.changed_files == (f"rtl/{path.name}",)
        assert not result.passed, path.name
        assert result.first_mismatch is not None
        place = path.stem.removeprefix(f"{design}__").split("_")[:2]
        layer, node = result.first_mismatch.node.split(".")
        assert place in ([layer, node], [layer, "weights"], [layer, "rows"])
