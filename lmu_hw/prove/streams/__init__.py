# SPDX-License-Identifier: Apache-2.0
"""What is proved of a design that computes several streams, whose steps overlap."""
