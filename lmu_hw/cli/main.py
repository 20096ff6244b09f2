# SPDX-License-Identifier: Apache-2.0
"""``lmu-hw``: runs the command that was typed; what goes wrong becomes a line and a status."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout

from lmu_hw.cli.commands import COMMANDS
from lmu_hw.cli.console import complain
from lmu_hw.cli.exits import BAD_INPUT, CLOSED, INTERRUPTED
from lmu_hw.cli.json_output import document
from lmu_hw.cli.parser import build_parser
from lmu_hw.cli.typed import in_words
from lmu_hw.errors import LmuHwError
from lmu_hw.garbage import rare_collections

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``lmu-hw`` and return its exit status."""
    options = build_parser().parse_args(arguments)
    options.result = None  # of a command that prints tables
    try:
        with rare_collections():
            return _run(options)
    except LmuHwError as error:
        complain(f"lmu-hw {options.command}: {in_words(error)}")
    except BrokenPipeError:  # the reader of our output has seen enough: head, less
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        complain(f"lmu-hw {options.command}: {where}{error.strerror or error}")
    except MemoryError as error:
        complain(f"lmu-hw {options.command}: does not fit in memory: {error}")
    except KeyboardInterrupt:
        return INTERRUPTED
    return BAD_INPUT


def _run(options: argparse.Namespace) -> int:
    """Run a command; with ``--json`` nothing but its result reaches stdout."""
    if not getattr(options, "json", False):
        return COMMANDS[options.command](options)
    with redirect_stdout(sys.stderr):
        status = COMMANDS[options.command](options)
    sys.stdout.write(document(options.command, status, options.result))
    return status
