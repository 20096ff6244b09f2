# SPDX-License-Identifier: Apache-2.0
"""``python -m lmu_verify FOLDER``: 0 if all claims hold, 1 if not, 2 without a verdict."""

from __future__ import annotations

import sys

from lmu_verify import ESTABLISHES, NOT_CHECKED, BadFile, verify


def main(arguments: list[str]) -> int:
    """Print the verdicts on a folder; return the exit status."""
    if len(arguments) != 1:
        print("usage: python -m lmu_verify FOLDER", file=sys.stderr)
        return 2
    try:
        verdicts = verify(arguments[0])
    except BadFile as error:
        print(error, file=sys.stderr)
        return 2
    for v in verdicts:
        print(f"{v.memory}: {v.claim} {'holds' if v.holds else 'FAILS'}: {v.detail}")
    print(f"not checked in certificate.json: {'; '.join(NOT_CHECKED)}")
    if all(v.holds for v in verdicts):
        print(f"verified: {ESTABLISHES}")
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
