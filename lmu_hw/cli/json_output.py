# SPDX-License-Identifier: Apache-2.0
"""Results as one JSON document, for programs, in place of tables."""

from __future__ import annotations

import json
from typing import Any

from lmu_hw._version import __version__
from lmu_hw.records import encode

__all__ = ["document"]


def document(command: str, status: int, result: Any) -> str:
    """Return what ``--json`` prints: sorted, without NaN, equal for equal results.

    Parameters
    ----------
    command : str
    status : int
        Exit status.
    result : record, or records and JSON values in lists and mappings
    """
    answer = {
        "command": command,
        "lmu_hw": __version__,
        "result": encode(result),
        "status": status,
    }
    return json.dumps(answer, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
