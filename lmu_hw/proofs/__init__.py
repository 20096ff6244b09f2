# SPDX-License-Identifier: Apache-2.0
"""Layer 2: what can be proved and predicted about the linear memories of a quantized network."""

from lmu_hw.proofs.adversary import impulse_response, settling_steps, sign_matched
from lmu_hw.proofs.certificate import (
    Certificate,
    LoopCertificate,
    MemoryCertificate,
    MemoryProof,
    certify,
    in_words,
    require_forbidden,
)
from lmu_hw.proofs.certificate_file import (
    Summary,
    read_summary,
    summary_json,
    write_certificate,
)
from lmu_hw.proofs.deviation import largest_deviation
from lmu_hw.proofs.end_to_end import NodeError
from lmu_hw.proofs.error_bounds import CAUSES, Causes, ErrorBound
from lmu_hw.proofs.gramian import float_gains
from lmu_hw.proofs.memories import QuantizedMemory, quantized_memories, values
from lmu_hw.proofs.noise import rounding_covariance
from lmu_hw.proofs.propagation import predict_errors
from lmu_hw.proofs.ranges import (
    NodeRange,
    RangeProof,
    prove_range,
    prove_ranges,
    proved_recursions,
)
from lmu_hw.proofs.readouts import Readout, ReadoutProof, readouts_of
from lmu_hw.proofs.residue import Residue
from lmu_hw.proofs.rest_loop import rest_radius
from lmu_hw.proofs.stability import CLOSEST, StabilityError, spectral_radius

__all__ = [
    "CAUSES",
    "CLOSEST",
    "Causes",
    "Certificate",
    "ErrorBound",
    "LoopCertificate",
    "MemoryCertificate",
    "MemoryProof",
    "NodeError",
    "NodeRange",
    "QuantizedMemory",
    "RangeProof",
    "Readout",
    "ReadoutProof",
    "Residue",
    "StabilityError",
    "Summary",
    "certify",
    "float_gains",
    "impulse_response",
    "in_words",
    "largest_deviation",
    "predict_errors",
    "prove_range",
    "prove_ranges",
    "proved_recursions",
    "quantized_memories",
    "read_summary",
    "readouts_of",
    "require_forbidden",
    "rest_radius",
    "rounding_covariance",
    "settling_steps",
    "sign_matched",
    "spectral_radius",
    "summary_json",
    "values",
    "write_certificate",
]
