# SPDX-License-Identifier: Apache-2.0
from lmu_hw.measure.hardware_proof import HardwareProof, LemmaReport


def lemma(status: str) -> LemmaReport:
    return LemmaReport(part="reset", claim="a", status=status, detail="", counterexample="")


def test_claims_are_counted_with_those_that_nothing_was_said_of():
    proof = HardwareProof(
        sentence="all is well",
        rtl="0" * 64,
        lemmas=(lemma("shown"), lemma("refuted"), lemma("not shown")),
        missing=("a", "a", "anything of stalls"),
        changed_files=(),
        trusted=(),
        seconds=1.0,
    )
    assert (proof.shown, proof.claims) == (1, 4)
    assert proof.refuted == (lemma("refuted"),)
