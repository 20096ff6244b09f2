# SPDX-License-Identifier: Apache-2.0
"""Words as integers in canonical forms: equal if and only if they are written the same."""
