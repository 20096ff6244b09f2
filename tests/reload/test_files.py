# SPDX-License-Identifier: Apache-2.0
"""The writes as a text: every form holds the same numbers in the same order."""

from __future__ import annotations

import re
import subprocess

import pytest

from lmu_hw.errors import ConfigError
from lmu_hw.reload import writes_text

WRITES = [(0, 5), (1, 0xDEADBEEF), (256, 0)]


def test_readmemh_has_an_address_and_a_word_in_each_line():
    assert writes_text(WRITES, "w.hex") == "@0 00000005\n@1 deadbeef\n@100 00000000\n"


def test_python_has_a_list():
    names: dict = {}
    exec(writes_text(WRITES, "w.py"), names)
    assert names["WRITES"] == WRITES


def test_c_has_an_array_that_compiles(tmp_path):
    text = writes_text(WRITES, tmp_path / "new-words.h")
    (tmp_path / "new-words.h").write_text(text)
    assert re.findall(r"\{(0x\w+)u, (0x\w+)u\}", text)[2] == ("0x100", "0x00000000")
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "new-words.h"\nint main(void) {\n'
        "  for (size_t n = 0; n < new_words_count; n++)\n"
        '    printf("%u %u\\n", (unsigned)new_words[n][0], (unsigned)new_words[n][1]);\n'
        "  return 0;\n}\n"
    )
    command = ["cc", "-std=c99", "-Wall", "-Werror", "-o", "main", "main.c"]
    subprocess.run(command, cwd=tmp_path, check=True)
    run = subprocess.run(["./main"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert [tuple(map(int, line.split())) for line in run.stdout.splitlines()] == WRITES


def test_words_of_more_than_32_bits_are_longer_in_c():
    assert "static const uint64_t w[][2]" in writes_text([(0, 1 << 40)], "w.h")


def test_words_that_c_does_not_have_are_refused():
    with pytest.raises(ConfigError, match="must have at most 64 bits, not 81"):
        writes_text([(0, 1 << 80)], "w.h")
