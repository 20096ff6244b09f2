# SPDX-License-Identifier: Apache-2.0
"""Layer 2: what can be proved and predicted about the linear memories of a quantized network."""

from lmu_hw.analysis.adversary import impulse_response, settling_steps, sign_matched
from lmu_hw.analysis.bounds import ErrorBound, HeadCertificate
from lmu_hw.analysis.certificate import (
    Certificate,
    LoopCertificate,
    MemoryCertificate,
    certify,
    in_words,
    require_forbidden,
)
from lmu_hw.analysis.deviation import largest_deviation
from lmu_hw.analysis.file import summary, write_certificate
from lmu_hw.analysis.gramian import float_gains
from lmu_hw.analysis.memory import QuantizedMemory, quantized_memories, values
from lmu_hw.analysis.noise import rounding_covariance
from lmu_hw.analysis.propagation import predict_errors
from lmu_hw.analysis.ranges import NodeRange, RangeProof, prove_range, proved_sweeps
from lmu_hw.analysis.residue import Residue
from lmu_hw.analysis.stability import CLOSEST, StabilityError, spectral_radius

__all__ = [
    "CLOSEST",
    "Certificate",
    "ErrorBound",
    "HeadCertificate",
    "LoopCertificate",
    "MemoryCertificate",
    "NodeRange",
    "QuantizedMemory",
    "RangeProof",
    "Residue",
    "StabilityError",
    "certify",
    "float_gains",
    "impulse_response",
    "in_words",
    "largest_deviation",
    "predict_errors",
    "prove_range",
    "proved_sweeps",
    "quantized_memories",
    "require_forbidden",
    "rounding_covariance",
    "settling_steps",
    "sign_matched",
    "spectral_radius",
    "summary",
    "values",
    "write_certificate",
]
