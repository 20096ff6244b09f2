# SPDX-License-Identifier: Apache-2.0
"""A library of standard cells with round numbers that are invented: it is of no process."""

from __future__ import annotations

__all__ = ["CELLS", "liberty"]

_HEAD = """
  time_unit : "1ns"; capacitive_load_unit (1, ff); delay_model : table_lookup;
  voltage_unit : "1V"; current_unit : "1mA"; pulling_resistance_unit : "1kohm";
  leakage_power_unit : "1nW"; nom_voltage : 1; nom_temperature : 25; nom_process : 1;
  input_threshold_pct_rise : 50; input_threshold_pct_fall : 50;
  output_threshold_pct_rise : 50; output_threshold_pct_fall : 50;
  slew_lower_threshold_pct_rise : 20; slew_lower_threshold_pct_fall : 20;
  slew_upper_threshold_pct_rise : 80; slew_upper_threshold_pct_fall : 80;
  lu_table_template (grid) {
    variable_1 : input_net_transition; variable_2 : total_output_net_capacitance;
    index_1 ("0.1, 1"); index_2 ("1, 10"); }
  lu_table_template (check) {
    variable_1 : related_pin_transition; variable_2 : constrained_pin_transition;
    index_1 ("0.1, 1"); index_2 ("0.1, 1"); }
"""


def _arcs(pin: str, kind: str) -> str:
    """Return delays of 0.1 ns at a load of 1 fF and 0.2 ns at 10 fF, and more of slow slopes."""
    table = '(grid) { values ("0.1, 0.2", "0.2, 0.3"); }'
    names = ("cell_rise", "cell_fall", "rise_transition", "fall_transition")
    tables = " ".join(f"{name} {table}" for name in names)
    return f'timing () {{ related_pin : "{pin}"; {kind} {tables} }}'


def _gate(name: str, area: float, inputs: str, function: str, sense: str = "negative") -> str:
    pins = "".join(f"pin ({pin}) {{ direction : input; capacitance : 1; }}\n" for pin in inputs)
    arcs = "\n".join(_arcs(pin, f"timing_sense : {sense}_unate;") for pin in inputs)
    return f"""cell ({name}) {{ area : {area}; {pins}
  pin (Y) {{ direction : output; function : "{function}"; max_capacitance : 100; {arcs} }} }}"""


def _check(kind: str) -> str:
    table = '(check) { values ("0.1, 0.1", "0.1, 0.1"); }'
    return f"""timing () {{ related_pin : "C"; timing_type : {kind}_rising;
      rise_constraint {table} fall_constraint {table} }}"""


CELLS = {
    "INV": _gate("INV", 1, "A", "!A"),
    "BUF": _gate("BUF", 2, "A", "A", "positive"),
    "NAND2": _gate("NAND2", 3, "AB", "!(A & B)"),
    "NOR2": _gate("NOR2", 3, "AB", "!(A | B)"),
    "FLIPFLOP": f"""cell (FLIPFLOP) {{ area : 10;
  ff (IQ, IQN) {{ clocked_on : "C"; next_state : "D"; }}
  pin (C) {{ direction : input; clock : true; capacitance : 1; }}
  pin (D) {{ direction : input; capacitance : 1; {_check("setup")} {_check("hold")} }}
  pin (Q) {{ direction : output; function : "IQ"; max_capacitance : 100;
    {_arcs("C", "timing_type : rising_edge;")} }} }}""",
}
"""Text of each cell: gates, whose output is Y, and a flip-flop."""


def liberty(*without: str, **others: str) -> str:
    """Return a library of `CELLS`, without some, and with others."""
    cells = {name: text for name, text in CELLS.items() if name not in without} | others
    text = "\n".join(cells.values())
    return f"library (invented) {{{_HEAD}{text}\n}}\n"
