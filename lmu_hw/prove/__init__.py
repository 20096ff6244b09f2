# SPDX-License-Identifier: Apache-2.0
"""Layer 5: proofs that the emitted Verilog computes the network, for all inputs."""
