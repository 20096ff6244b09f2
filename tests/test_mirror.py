# SPDX-License-Identifier: Apache-2.0
"""Every module has a twin among the tests, or is named here with those that cover it."""

from __future__ import annotations

from pathlib import Path

import lmu_hw

ROOT = Path(lmu_hw.__file__).parents[1]
TESTS = Path(__file__).parent

NO_LOGIC = {
    "lmu_hw/_version.py": "a number",
    "lmu_hw/errors.py": "classes of exceptions",
    "lmu_hw/cli/exits.py": "numbers",
    "lmu_hw/measure/certified.py": "records",
    "lmu_hw/measure/implementation.py": "records",
    "lmu_hw/network/protocol.py": "what others implement",
    "lmu_verify/errors.py": "classes of exceptions",
}
"""Modules in which nothing can be wrong that a test would find."""

NEIGHBOURS = {
    "lmu_hw/boards/ports.py": "tests/implement/test_wrapper.py",
    "lmu_hw/hdl/link/widths.py": "tests/hdl/link/test_top.py",
    "lmu_hw/api/build.py": "tests/quantize/test_options.py",
    "lmu_hw/api/run.py": "tests/cli/test_results.py",
    "lmu_hw/api/search.py": "tests/search/test_run.py",
    "lmu_hw/cli/commands/compare.py": "tests/cli/test_results.py",
    "lmu_hw/cli/commands/config.py": "tests/cli/test_cheap_first.py",
    "lmu_hw/cli/commands/predict.py": "tests/cli/test_states.py",
    "lmu_hw/cli/commands/report.py": "tests/cli/test_results.py",
    "lmu_hw/cli/commands/sweep.py": "tests/cli/test_search.py",
    "lmu_hw/cli/files.py": "tests/cli/test_arrays.py",
    "lmu_hw/cli/inputs.py": "tests/cli/test_arrays.py",
    "lmu_hw/cli/main.py": "tests/cli/test_results.py",
    "lmu_hw/cli/parser.py": "tests/cli/test_help.py",
    "lmu_hw/cli/parser_design.py": "tests/cli/test_help.py",
    "lmu_hw/cli/tables/implementation.py": "tests/cli/commands/test_implement.py",
    "lmu_hw/cli/tables/network.py": "tests/cli/commands/test_inspect.py",
    "lmu_hw/cli/tables/search.py": "tests/cli/test_search.py",
    "lmu_hw/cli/tables/titled.py": "tests/cli/tables/test_design.py",
    "lmu_hw/golden/memory.py": "tests/network/test_memory.py",
    "lmu_hw/hdl/beats.py": "tests/hdl/test_semiseparable.py",
    "lmu_hw/hdl/axi_stream.py": "tests/hdl/test_top.py",
    "lmu_hw/hdl/ends.py": "tests/hdl/test_top.py",
    "lmu_hw/hdl/ports.py": "tests/integration/test_ports.py",
    "lmu_hw/hdl/reload/shape.py": "tests/hdl/reload/test_blocks.py",
    "lmu_hw/hdl/tables.py": "tests/hdl/reload/test_blocks.py",
    "lmu_hw/hdl/registers/axi_lite.py": "sim/test_registers.py",
    "lmu_hw/hdl/registers/top.py": "sim/test_registers.py",
    "lmu_hw/hdl/checkers/checker.py": "tests/hdl/test_assertions.py",
    "lmu_hw/hdl/checkers/ports.py": "tests/hdl/test_assertions.py",
    "lmu_hw/hdl/checkers/registers.py": "tests/prove/control/test_registers.py",
    "lmu_hw/hdl/checkers/steps.py": "tests/hdl/test_assertions.py",
    "lmu_hw/hdl/checkers/vectors.py": "tests/hdl/test_assertions.py",
    "lmu_hw/hdl/layer_checks.py": "tests/hdl/test_assertions.py",
    "lmu_hw/hdl/contexts.py": "tests/hdl/test_interleaved_layer.py",
    "lmu_hw/hdl/input_ring.py": "tests/hdl/test_interleaved_layer.py",
    "lmu_hw/hdl/interleaved_sequencer.py": "tests/hdl/test_interleaved_layer.py",
    "lmu_hw/hdl/registers/gate.py": "sim/test_registers.py",
    "lmu_hw/hdl/memory.py": "tests/network/test_memory.py",
    "lmu_hw/hdl/memory_unit.py": "tests/hdl/test_semiseparable.py",
    "lmu_hw/hdl/residues.py": "tests/hdl/test_error_feedback.py",
    "lmu_hw/hdl/slots.py": "tests/hdl/test_sequencer.py",
    "lmu_hw/hdl/totals.py": "tests/hdl/test_output_stage.py",
    "lmu_hw/hdl/writes.py": "tests/hdl/test_output_stage.py",
    "lmu_hw/hdl/operands.py": "tests/hdl/test_layer.py",
    "lmu_hw/hdl/semiseparable_cell.py": "tests/hdl/test_semiseparable.py",
    "lmu_hw/hdl/semiseparable_cells.py": "tests/hdl/test_semiseparable.py",
    "lmu_hw/hdl/semiseparable_layouts.py": "tests/hdl/test_semiseparable.py",
    "lmu_hw/hdl/state_access.py": "tests/hdl/test_layer_states.py",
    "lmu_hw/hdl/verilog.py": "tests/test_rtl.py",
    "lmu_hw/prove/control/abc.py": "tests/prove/control/test_reach.py",
    "lmu_hw/prove/control/circuit.py": "tests/prove/control/test_prove.py",
    "lmu_hw/prove/control/patterns.py": "tests/prove/control/test_reach.py",
    "lmu_hw/prove/control/search.py": "tests/prove/control/test_prove.py",
    "lmu_hw/prove/control/trace.py": "tests/hdl/test_assertions.py",
    "lmu_hw/implement/_yosys.py": "tests/implement/test_tools.py",
    "lmu_hw/implement/flows.py": "tests/implement/test_netlist.py",
    "lmu_hw/implement/record.py": "tests/implement/test_design.py",
    "lmu_hw/implement/run.py": "tests/implement/test_design.py",
    "lmu_hw/load/chain.py": "tests/load/test_assembly.py",
    "lmu_hw/load/value.py": "tests/load/test_assembly.py",
    "lmu_hw/load/keras/calls.py": "tests/load/keras/test_graph.py",
    "lmu_hw/load/keras/reader.py": "tests/load/keras/test_model.py",
    "lmu_hw/load/keras/items.py": "tests/load/keras/test_graph.py",
    "lmu_hw/load/keras/operations.py": "tests/load/keras/test_graph.py",
    "lmu_hw/load/mapping/entries.py": "tests/load/mapping/test_schema.py",
    "lmu_hw/load/mapping/wires.py": "tests/load/mapping/test_network.py",
    "lmu_hw/load/check.py": "tests/load/test_hostile.py",
    "lmu_hw/load/containers/symbols.py": "tests/load/containers/test_pickle.py",
    "lmu_hw/load/draft/advice.py": "tests/load/draft/test_mapping.py",
    "lmu_hw/load/draft/items.py": "tests/load/draft/test_mapping.py",
    "lmu_hw/load/draft/layers.py": "tests/load/draft/test_mapping.py",
    "lmu_hw/load/draft/parts.py": "tests/load/draft/test_mapping.py",
    "lmu_hw/load/draft/sizes.py": "tests/load/draft/test_mapping.py",
    "lmu_hw/load/draft/lmu.py": "tests/load/draft/test_mapping.py",
    "lmu_hw/load/draft/memory.py": "tests/load/draft/test_mapping.py",
    "lmu_hw/load/kind.py": "tests/load/test_hostile.py",
    "lmu_hw/load/native/form_write.py": "tests/load/native/test_form.py",
    "lmu_hw/load/onnx/atoms.py": "tests/load/onnx/test_loops.py",
    "lmu_hw/load/onnx/constants.py": "tests/load/onnx/test_graph.py",
    "lmu_hw/load/onnx/engine.py": "tests/load/onnx/test_graph.py",
    "lmu_hw/load/onnx/formulas.py": "tests/load/onnx/test_loops.py",
    "lmu_hw/load/onnx/gates.py": "tests/load/onnx/test_loops.py",
    "lmu_hw/load/onnx/model.py": "tests/load/onnx/test_files.py",
    "lmu_hw/load/onnx/operators.py": "tests/load/onnx/test_graph.py",
    "lmu_hw/load/onnx/shapes.py": "tests/load/onnx/test_graph.py",
    "lmu_hw/load/onnx/signals.py": "tests/load/onnx/test_graph.py",
    "lmu_hw/load/onnx/steps.py": "tests/load/onnx/test_loops.py",
    "lmu_hw/load/onnx/sums.py": "tests/load/onnx/test_graph.py",
    "lmu_hw/load/suspects.py": "tests/load/test_agreement.py",
    "lmu_hw/load/tensors.py": "tests/load/containers/test_safetensors.py",
    "lmu_hw/load/torch/ports.py": "tests/load/torch/test_state_dict.py",
    "lmu_hw/integration/clock.py": "tests/integration/test_projects.py",
    "lmu_hw/integration/subject.py": "tests/integration/test_registry.py",
    "lmu_hw/manifest.py": "tests/test_writing.py",
    "lmu_hw/measure/results.py": "tests/measure/test_run.py",
    "lmu_hw/network/float_cells.py": "tests/network/test_float_nodes.py",
    "lmu_hw/network/float_kinds.py": "tests/network/test_float_nodes.py",
    "lmu_hw/network/semiseparable.py": "tests/realize/test_semiseparable.py",
    "lmu_hw/plan/additions.py": "tests/plan/test_choose.py",
    "lmu_hw/plan/memory.py": "tests/network/test_memory.py",
    "lmu_hw/plan/memory_plan.py": "tests/plan/test_scan.py",
    "lmu_hw/plan/reloadable.py": "tests/hdl/reload/test_blocks.py",
    "lmu_hw/proofs/linear.py": "tests/network/test_memory.py",
    "lmu_hw/proofs/noise.py": "tests/measure/test_noise.py",
    "lmu_hw/proofs/power_sums.py": "tests/proofs/test_gains.py",
    "lmu_hw/plan/node.py": "tests/plan/test_layer.py",
    "lmu_hw/prove/algebra/atoms.py": "tests/prove/algebra/test_forms.py",
    "lmu_hw/prove/algebra/choices.py": "tests/prove/algebra/test_cases.py",
    "lmu_hw/prove/algebra/directions.py": "tests/prove/algebra/test_cases.py",
    "lmu_hw/prove/algebra/undecided.py": "tests/prove/data/test_proof.py",
    "lmu_hw/prove/attempts.py": "tests/prove/data/test_proof.py",
    "lmu_hw/prove/beats.py": "tests/prove/test_run.py",
    "lmu_hw/prove/bench.py": "tests/prove/test_run.py",
    "lmu_hw/prove/bench_situation.py": "tests/prove/test_run.py",
    "lmu_hw/prove/naming.py": "tests/prove/test_specification.py",
    "lmu_hw/prove/comparison.py": "tests/prove/data/test_proof.py",
    "lmu_hw/prove/counterexample.py": "tests/prove/test_run.py",
    "lmu_hw/prove/data/buffers.py": "tests/prove/data/test_proof.py",
    "lmu_hw/prove/data/ends.py": "tests/prove/data/test_proof.py",
    "lmu_hw/prove/data/instances.py": "tests/prove/data/test_proof.py",
    "lmu_hw/prove/data/layer_bench.py": "tests/prove/data/test_proof.py",
    "lmu_hw/prove/data/layer_part.py": "tests/prove/data/test_proof.py",
    "lmu_hw/prove/data/layer_situation.py": "tests/prove/data/test_proof.py",
    "lmu_hw/prove/data/layers.py": "tests/prove/data/test_proof.py",
    "lmu_hw/prove/data/pace.py": "tests/prove/data/test_proof.py",
    "lmu_hw/prove/data/packet_answers.py": "tests/prove/data/test_packet_ends.py",
    "lmu_hw/prove/data/part_bench.py": "tests/prove/data/test_packet_ends.py",
    "lmu_hw/prove/hardware/cell_shape.py": "tests/prove/hardware/test_cells.py",
    "lmu_hw/prove/hardware/cells_on_forms.py": "tests/prove/hardware/test_cells.py",
    "lmu_hw/prove/hardware/cells_on_numbers.py": "tests/prove/hardware/test_cells.py",
    "lmu_hw/prove/hardware/machine.py": "tests/prove/hardware/test_cells.py",
    "lmu_hw/prove/hardware/netlist.py": "tests/prove/hardware/test_cells.py",
    "lmu_hw/prove/hardware/statements.py": "tests/prove/hardware/test_program.py",
    "lmu_hw/prove/hardware/translation.py": "tests/prove/hardware/test_program.py",
    "lmu_hw/prove/memories.py": "tests/prove/test_specification.py",
    "lmu_hw/prove/narrowing.py": "tests/prove/test_specification.py",
    "lmu_hw/prove/runner.py": "tests/prove/test_run.py",
    **{
        f"lmu_hw/prove/streams/{name}.py": "tests/prove/streams/test_proof.py"
        for name in ("arrangements", "endless", "layers_bench", "queue")
    },
    "lmu_hw/prove/subject.py": "tests/prove/data/test_proof.py",
    "lmu_hw/prove/wires.py": "tests/prove/test_run.py",
    "lmu_hw/quantize/attempts.py": "tests/quantize/test_configure.py",
    "lmu_hw/quantize/decompose.py": "tests/quantize/test_tables.py",
    "lmu_hw/quantize/fitted.py": "tests/quantize/test_refit.py",
    "lmu_hw/quantize/memories.py": "tests/quantize/test_convert.py",
    "lmu_hw/quantize/provable.py": "tests/cli/test_cheap_first.py",
    "lmu_hw/quantize/reductions.py": "tests/quantize/test_tables.py",
    "lmu_hw/quantize/states.py": "tests/quantize/test_remedies.py",
    "lmu_hw/quantize/sums.py": "tests/quantize/test_convert.py",
    "lmu_hw/realize/dense.py": "tests/quantize/test_convert.py",
    "lmu_hw/realize/recursions.py": "tests/realize/test_semiseparable.py",
    "lmu_hw/reload/run.py": "tests/reload/test_network.py",
    "lmu_hw/records/schema.py": "tests/records/test_read.py",
    "lmu_hw/measure/rounding.py": "tests/measure/test_statistics.py",
    "lmu_hw/report/class_pictures.py": "tests/report/test_browser.py",
    "lmu_hw/report/histogram_pictures.py": "tests/report/test_browser.py",
    "lmu_hw/report/ticks.py": "tests/report/test_chart.py",
    "lmu_hw/report/compare_page.py": "tests/report/test_compare_write.py",
    "lmu_hw/report/page.py": "tests/report/test_write.py",
    "lmu_hw/report/proof_pictures.py": "tests/report/test_proof_page.py",
    "lmu_hw/search/problem.py": "tests/search/test_trials.py",
    "lmu_hw/simulate/_cocotb.py": "tests/simulate/test_wrapper.py",
    "lmu_hw/simulate/amaranth_bench.py": "sim/test_designs.py",
    "lmu_hw/simulate/answers.py": "tests/simulate/test_epochs.py",
    "lmu_hw/simulate/bench.py": "sim/test_designs.py",
    "lmu_hw/simulate/bulk/library.py": "sim/test_bulk.py",
    "lmu_hw/simulate/bulk/run.py": "sim/test_bulk.py",
    "lmu_hw/simulate/bulk/top.py": "sim/test_bulk.py",
    "lmu_hw/simulate/coefficient_sets.py": "sim/test_designs.py",
    "lmu_hw/simulate/directed/ascent.py": "tests/simulate/directed/test_goals.py",
    "lmu_hw/simulate/directed/coverage_set.py": "tests/simulate/directed/test_goals.py",
    "lmu_hw/simulate/directed/overflows.py": "tests/simulate/directed/test_goals.py",
    "lmu_hw/simulate/driver.py": "sim/test_designs.py",
    "lmu_hw/simulate/result.py": "tests/simulate/test_wrapper.py",
    "lmu_hw/simulate/simulators/amaranth.py": "tests/simulate/test_simulators.py",
    "lmu_hw/simulate/simulators/backend.py": "tests/simulate/test_wrapper.py",
    "lmu_hw/simulate/simulators/icarus.py": "tests/simulate/test_simulators.py",
    "lmu_hw/simulate/simulators/verilator.py": "tests/simulate/test_simulators.py",
    "lmu_hw/simulate/subject.py": "sim/test_netlists.py",
    "lmu_hw/spiking/currents.py": "tests/spiking/test_hardware.py",
    "lmu_hw/spiking/simulate.py": "sim/test_spiking.py",
    "lmu_hw/train/formats.py": "tests/train/test_weights.py",
    "lmu_hw/train/loop.py": "tests/train/test_aware.py",
    "lmu_hw/train/rewrite.py": "tests/train/test_weights.py",
    "lmu_hw/verification.py": "tests/cli/commands/test_verify.py",
    "lmu_verify/forms.py": "tests/verify/test_memory.py",
    "lmu_verify/reference.py": "tests/verify/test_files.py",
}
"""Modules that are tested with others, and the file in which they are."""


def modules() -> list[str]:
    paths = [path for name in ("lmu_hw", "lmu_verify") for path in (ROOT / name).rglob("*.py")]
    return sorted(
        path.relative_to(ROOT).as_posix() for path in paths if not path.name.startswith("__")
    )


def twin(module: str) -> Path:
    """Return where the tests of a module belong: those of `lmu_verify` in ``tests/verify``."""
    package, _, rest = module.partition("/")
    place = TESTS / ("verify" if package == "lmu_verify" else "") / rest
    return place.with_name(f"test_{place.stem.lstrip('_')}.py")


def test_every_module_has_a_twin_or_is_named():
    named = {*NO_LOGIC, *NEIGHBOURS}
    assert [name for name in modules() if not twin(name).exists() and name not in named] == []


def test_what_is_named_exists_and_has_no_twin():
    named = {*NO_LOGIC, *NEIGHBOURS}
    assert sorted(named - set(modules())) == []
    assert [name for name in sorted(named) if twin(name).exists()] == []


def test_the_tests_of_neighbours_exist():
    assert [name for name in sorted(set(NEIGHBOURS.values())) if not (ROOT / name).exists()] == []
