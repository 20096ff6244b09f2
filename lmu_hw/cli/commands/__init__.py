# SPDX-License-Identifier: Apache-2.0
"""The commands: each takes what was typed, prints its result, and returns an exit status."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from lmu_hw.cli.commands.ask import ask
from lmu_hw.cli.commands.compare import compare
from lmu_hw.cli.commands.config import config
from lmu_hw.cli.commands.generate import generate
from lmu_hw.cli.commands.implement import implement
from lmu_hw.cli.commands.inspect import inspect
from lmu_hw.cli.commands.predict import predict
from lmu_hw.cli.commands.prove import prove
from lmu_hw.cli.commands.reload import reload
from lmu_hw.cli.commands.report import report
from lmu_hw.cli.commands.simulate import simulate
from lmu_hw.cli.commands.sweep import sweep
from lmu_hw.cli.commands.verify import verify

__all__ = ["COMMANDS"]

COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "inspect": inspect,
    "config": config,
    "generate": generate,
    "sweep": sweep,
    "predict": predict,
    "simulate": simulate,
    "implement": implement,
    "ask": ask,
    "report": report,
    "compare": compare,
    "verify": verify,
    "prove": prove,
    "reload": reload,
}
