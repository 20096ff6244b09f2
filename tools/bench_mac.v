// A dense memory as one writes it by hand, which tools/bench_physical.py compares with: one
// multiplier, coefficients in one ROM, states in two pages. It computes
// x[t+1] = (A x[t] + B u + half) >> SHIFT, and nothing else: no bias, no saturation, no encoder.
module bench_mac #(
  parameter ORDER = 2,
  parameter BITS = 16,
  parameter COEFFICIENT_BITS = 12,
  parameter SHIFT = 11
) (
  input clk,
  input rst,
  input signed [BITS-1:0] u,
  input u_valid,
  output u_ready,
  output signed [BITS-1:0] state,  // from the first to the last, as they are computed
  output state_valid
);
  localparam WORDS = ORDER * (ORDER + 1);
  localparam SUM_BITS = BITS + COEFFICIENT_BITS + $clog2(ORDER + 1);
  localparam signed [SUM_BITS-1:0] HALF = 1 << (SHIFT - 1);

  reg signed [COEFFICIENT_BITS-1:0] coefficients [0:WORDS-1];
  initial $readmemh("coefficients.hex", coefficients);
  reg signed [BITS-1:0] states [0:2*ORDER-1];

  reg running, page, begun;
  reg [$clog2(ORDER+1)-1:0] row, column;
  reg [$clog2(WORDS)-1:0] address;
  reg signed [BITS-1:0] input_code, read;
  reg signed [COEFFICIENT_BITS-1:0] coefficient;
  reg signed [BITS+COEFFICIENT_BITS-1:0] product;
  reg signed [SUM_BITS-1:0] sum;
  reg s1_valid, s1_first, s1_last, s1_input, s2_valid, s2_first, s2_last, s3_last;
  reg [$clog2(ORDER+1)-1:0] write_row;

  wire last_column = column == ORDER;
  wire last_row = row == ORDER - 1;
  wire signed [BITS-1:0] operand = s1_input ? input_code : begun ? read : 0;
  assign u_ready = !running && !s1_valid && !s2_valid && !s3_last;
  assign state = sum >>> SHIFT;
  assign state_valid = s3_last;

  always @(posedge clk) begin
    coefficient <= coefficients[address];
    read <= states[(page ? ORDER : 0) + column];
    s1_first <= column == 0;
    s1_input <= last_column;
    product <= coefficient * operand;
    s2_first <= s1_first;
    sum <= (s2_first ? HALF : sum) + product;
    if (s3_last) states[(page ? 0 : ORDER) + write_row] <= state;
    if (rst) begin
      {running, page, begun, s1_valid, s1_last, s2_valid, s2_last, s3_last} <= 0;
    end else begin
      s1_valid <= running;
      s1_last <= running && last_column;
      s2_valid <= s1_valid;
      s2_last <= s1_last;
      s3_last <= s2_last;
      if (s3_last) write_row <= write_row + 1;
      if (s3_last && write_row == ORDER - 1) begin
        page <= !page;
        begun <= 1;
      end
      if (running) begin
        address <= address + 1;
        column <= last_column ? 0 : column + 1;
        if (last_column) row <= row + 1;
        if (last_column && last_row) running <= 0;
      end
      if (u_valid && u_ready) begin
        input_code <= u;
        running <= 1;
        {row, column, address, write_row} <= 0;
      end
    end
  end
endmodule
