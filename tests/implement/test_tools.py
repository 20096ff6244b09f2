# SPDX-License-Identifier: Apache-2.0
"""Tools in processes of their own: missing ones, failing ones, and what they say."""

from __future__ import annotations

import sys
from threading import Event

import pytest

from lmu_hw.errors import ToolError
from lmu_hw.implement.tools import Tool, require, run_program, run_tool, run_yosys


def test_a_missing_package_is_an_error_with_the_command_that_installs_it():
    with pytest.raises(ToolError, match=r"no-such-package.*pip install 'lmu_hw\[implement\]'"):
        require(["pyosys", "no-such-package"], "target x")


def test_yosys_says_what_it_does_into_a_file_and_to_nobody_else(tmp_path, capfd):
    (tmp_path / "a.v").write_text("module a(input x, output y); assign y = ~x; endmodule\n")
    said = run_yosys(["read_verilog a.v", "stat"], tmp_path, log="yosys.log")
    assert (tmp_path / "yosys.log").read_text() == said
    assert "$not" in said
    assert capfd.readouterr() == ("", "")


def test_a_command_that_yosys_refuses_is_an_error_that_says_why(tmp_path):
    with pytest.raises(ToolError, match="Yosys must not fail, but did: ERROR.*missing"):
        run_yosys(["hierarchy -top missing"], tmp_path, log="yosys.log")


def test_a_tool_that_fails_is_an_error_with_its_last_words(tmp_path):
    tool = Tool(package="python", module="builtins", function="int")
    with pytest.raises(ToolError, match="python must not fail, but did:\nTraceback"):
        run_tool(tool, ["1"], tmp_path, log="log")


def test_a_tool_that_is_not_needed_any_more_is_ended(tmp_path):
    tool = Tool(package="python", module="signal", function="pause", takes_arguments=False)
    stop = Event()
    stop.set()
    with pytest.raises(ToolError):
        run_tool(tool, [], tmp_path, log="log", stop=stop)


def test_temporary_files_of_a_program_are_in_its_folder(tmp_path):
    show = "import tempfile; print(tempfile.gettempdir())"
    status, said = run_program([sys.executable, "-c", show], tmp_path, "log")
    assert (status, said.strip()) == (0, str(tmp_path))
