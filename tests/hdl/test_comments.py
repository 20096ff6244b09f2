# SPDX-License-Identifier: Apache-2.0
"""Each module says what it does, the names of its states, and what its words hold."""

from __future__ import annotations

import re

from lmu_hw.hdl.comments import commented, packed_words
from tests.integration.designs import emitted

RTLIL = r"""module \a.b
connect \word.low \word [2:0]
connect \word.high \word [3]
connect \word.deep.low \word [1]
end
"""


def comment_of(verilog: str, module: str) -> str:
    """Return the comment in front of a module, in one line."""
    lines = verilog.split(f"\nmodule {module}(", 1)[0].rpartition("\n\n")[2]
    return " ".join(line.removeprefix("//").strip() for line in lines.splitlines())


def test_every_module_of_a_component_begins_with_what_it_does():
    text = emitted()["tiny.v"]
    modules = re.findall(r"^module (tiny(?:__[a-z][a-z0-9_]*)?)\(", text, re.MULTILINE)
    assert len(modules) > 15
    assert [name for name in modules if not comment_of(text, name).endswith((".", "]"))] == []
    assert "Walks through nodes" in comment_of(text, "tiny__layer_dense_sequencer")


def test_states_have_their_names():
    comment = comment_of(emitted()["tiny.v"], "tiny__layer_lmu0_sequencer")
    assert "States: fsm_state is 0 IDLE, 1 RUN, 2 DRAIN." in comment


def test_words_have_their_fields():
    assert packed_words(RTLIL) == {"a__b": {"word": "low [2:0], high [3]"}}
    comment = comment_of(emitted()["tiny.v"], "tiny__layer_dense_drain")
    assert re.search(r"Fields of words: a1, d0.*: valid \[0\], node \[1\]", comment)


def test_only_words_that_are_there_have_fields():
    text = "module m(a);\n  input a;\n  wire a;\n  reg [3:0] word;\nendmodule"
    packed = {"m": {"word": "low [0]", "gone": "low [0]"}}
    lines = commented(text, {"m": ["Does it."]}, packed).splitlines()
    assert lines[:3] == ["// Does it.", "// Fields of words:", "//   word: low [0]"]


def test_pragmas_of_lint_are_explained_and_end_with_the_file():
    text = emitted()["tiny.v"]
    assert text.index("lint_save") < text.index("lint_off") < text.index("\nmodule ")
    assert text.rstrip().endswith("// verilator lint_restore")
    off = re.findall(r"// verilator lint_off \w+\n(.*)", text)
    assert off
    assert all(line.startswith("//   ") for line in off)
