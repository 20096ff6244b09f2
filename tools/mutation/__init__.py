# SPDX-License-Identifier: Apache-2.0
"""Mutants of emitted Verilog: all that can be made, and what the bench says of each."""
