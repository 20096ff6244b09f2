# SPDX-License-Identifier: Apache-2.0
"""The Verilog as Yosys reads it, and a machine that runs it on numbers and forms."""
