# SPDX-License-Identifier: Apache-2.0
"""What every part of a design does with its data, wherever its control may be."""
