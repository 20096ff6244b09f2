# SPDX-License-Identifier: Apache-2.0
"""Millions of steps: the Verilated design as a library, driven and compared inside it."""
