# SPDX-License-Identifier: Apache-2.0
"""The benchmark of structured memories: errors, cells, synthesis, simulation, tables."""
