# SPDX-License-Identifier: Apache-2.0
"""Directed stimuli: a search for inputs that reach both ends of sums and the entries of tables."""
