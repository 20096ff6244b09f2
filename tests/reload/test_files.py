# SPDX-License-Identifier: Apache-2.0
"""The writes as a text: every form holds the same numbers in the same order."""

from __future__ import annotations

import subprocess

from lmu_hw.reload import writes_text

WRITES = [(0, 5), (1, 0xDEADBEEF), (256, 0)]


def test_readmemh_has_an_address_and_a_word_in_each_line():
    assert writes_text(WRITES, "w.hex", bits=32) == "@0 00000005\n@1 deadbeef\n@100 00000000\n"


def test_python_has_a_list():
    names: dict = {}
    exec(writes_text(WRITES, "w.py", bits=32), names)
    assert names["WRITES"] == WRITES


def test_c_has_arrays_that_compile(tmp_path):
    (tmp_path / "new-words.h").write_text(writes_text(WRITES, "new-words.h", bits=32))
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "new-words.h"\nint main(void) {\n'
        "  for (unsigned n = 0; n < NEW_WORDS_COUNT; n++)\n"
        '    printf("%u %u\\n", (unsigned)new_words_addresses[n], (unsigned)new_words_words[n]);\n'
        "  return 0;\n}\n"
    )
    command = ["cc", "-std=c99", "-Wall", "-Werror", "-o", "main", "main.c"]
    subprocess.run(command, cwd=tmp_path, check=True)
    run = subprocess.run(["./main"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert [tuple(map(int, line.split())) for line in run.stdout.splitlines()] == WRITES


def test_longer_words_are_numbers_of_32_bits_in_c():
    text = writes_text([(0, 5), (1, 1 << 33 | 7)], "w.h", bits=40)
    assert "#define W_WORD_PARTS 2u" in text
    assert "0x00000005u, 0x00000000u, 0x00000007u, 0x00000002u," in text
