# SPDX-License-Identifier: Apache-2.0
"""Registers on AXI4-Lite around the network: their map, from which all else is made, and hardware.

`map` says what lies where; `file` holds it, on the bus of `axi_lite`; `gate` starts, stops and
clears; `top` puts them around the core.
"""
