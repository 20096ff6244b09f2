# SPDX-License-Identifier: Apache-2.0
"""Front ends of small boards: a design behind a serial line, UART or SPI.

`frames` says how vectors are told apart in a stream of bytes; `uart` and `spi` carry the bytes, and
`top` puts them between the pins and the packets of a design.
"""

from lmu_hw.hdl.link.top import SerialLink, link_verilog

__all__ = ["SerialLink", "link_verilog"]
