# SPDX-License-Identifier: Apache-2.0
"""Why a folder does not verify."""

from __future__ import annotations

from lmu_verify import BadFile, verify


def rejected(folder) -> str:
    """Return why a folder does not verify."""
    try:
        reasons = [f"{v.claim}: {v.detail}" for v in verify(folder.path) if not v.holds]
    except BadFile as error:
        return str(error)
    assert reasons
    return "; ".join(reasons)
