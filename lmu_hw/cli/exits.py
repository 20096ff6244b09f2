# SPDX-License-Identifier: Apache-2.0
"""Exit statuses."""

__all__ = ["BAD_INPUT", "CLOSED", "DIFFERENT", "EQUAL", "INTERRUPTED"]

EQUAL, DIFFERENT, BAD_INPUT = 0, 1, 2
INTERRUPTED, CLOSED = 130, 141  # as a shell counts SIGINT and SIGPIPE
