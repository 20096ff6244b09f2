# SPDX-License-Identifier: Apache-2.0
"""What commands print: tables of rich, and the lines below them."""
