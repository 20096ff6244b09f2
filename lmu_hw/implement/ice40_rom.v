// ROMs on iCE40, whose blocks hold 4 kbit.
//
// One whose depth is no power of two, in two: as many words as are one, and the rest, which is mapped
// likewise; a rest of few words becomes logic. Rounding up to the next power of two costs whole
// blocks; done where it saves one.
//
// A small one becomes logic behind a register of its address: what comes before the address is long,
// and what follows the word is another register, so that the logic lies between the two.
(* techmap_celltype = "$mem_v2" *)
module lmu_split_rom (RD_CLK, RD_EN, RD_ARST, RD_SRST, RD_ADDR, RD_DATA,
                      WR_CLK, WR_EN, WR_ADDR, WR_DATA);
  parameter MEMID = "";
  parameter signed SIZE = 4;
  parameter signed OFFSET = 0;
  parameter signed ABITS = 2;
  parameter signed WIDTH = 8;
  parameter signed INIT = 1'bx;
  parameter signed RD_PORTS = 1;
  parameter RD_CLK_ENABLE = 1'b1;
  parameter RD_CLK_POLARITY = 1'b1;
  parameter RD_TRANSPARENCY_MASK = 1'b0;
  parameter RD_COLLISION_X_MASK = 1'b0;
  parameter RD_WIDE_CONTINUATION = 1'b0;
  parameter RD_CE_OVER_SRST = 1'b0;
  parameter RD_ARST_VALUE = 1'b0;
  parameter RD_SRST_VALUE = 1'b0;
  parameter RD_INIT_VALUE = 1'b0;
  parameter signed WR_PORTS = 1;
  parameter WR_CLK_ENABLE = 1'b1;
  parameter WR_CLK_POLARITY = 1'b1;
  parameter WR_PRIORITY_MASK = 1'b0;
  parameter WR_WIDE_CONTINUATION = 1'b0;
  parameter _TECHMAP_CONSTVAL_WR_EN_ = 1'bx;
  parameter _TECHMAP_CONSTVAL_RD_ARST_ = 1'bx;
  parameter _TECHMAP_CONSTVAL_RD_SRST_ = 1'bx;

  input [RD_PORTS-1:0] RD_CLK, RD_EN, RD_ARST, RD_SRST;
  input [RD_PORTS*ABITS-1:0] RD_ADDR;
  output [RD_PORTS*WIDTH-1:0] RD_DATA;
  input [WR_PORTS-1:0] WR_CLK;
  input [WR_PORTS*WIDTH-1:0] WR_EN, WR_DATA;
  input [WR_PORTS*ABITS-1:0] WR_ADDR;

  localparam FEW = 128;  // words that become logic

  function integer larger_half(input integer depth);  // the largest power of two below
    begin
      larger_half = 1;
      while (2 * larger_half < depth) larger_half = 2 * larger_half;
    end
  endfunction

  function integer blocks(input integer depth);  // as 256 x 16, 512 x 8, 1,024 x 4 or 2,048 x 2
    integer words, count;
    begin
      words = 256;
      blocks = ((depth + 255) / 256) * ((WIDTH + 15) / 16);
      while (words < 2048) begin
        words = 2 * words;
        count = ((depth + words - 1) / words) * ((WIDTH + 4096 / words - 1) / (4096 / words));
        if (count < blocks) blocks = count;
      end
    end
  endfunction

  function integer blocks_in_parts(input integer depth);
    integer left, part;
    begin
      blocks_in_parts = 0;
      left = depth;
      while (left > FEW) begin
        part = larger_half(left + 1);
        blocks_in_parts = blocks_in_parts + blocks(part);
        left = left - part;
      end
    end
  endfunction

  localparam FIRST = larger_half(SIZE);
  localparam REST = SIZE - FIRST;
  localparam FIRST_BITS = FIRST > 1 ? $clog2(FIRST) : 1;
  localparam REST_BITS = REST > 1 ? $clog2(REST) : 1;

  localparam SMALL = WIDTH * ((SIZE + 15) / 16) <= 96 * blocks(SIZE);  // as in lmu_hw/plan/banks.py

  // The parts have a write port that is never enabled: one of no width cannot be written here.
  localparam WRITABLE = WR_PORTS > 1 ||
    WR_PORTS == 1 && _TECHMAP_CONSTVAL_WR_EN_ !== {WIDTH{1'b0}};
  wire _TECHMAP_FAIL_ = WRITABLE || RD_PORTS != 1 || RD_CLK_ENABLE != 1'b1 ||
    RD_CLK_POLARITY != 1'b1 || OFFSET != 0 || SIZE < 2 ||
    _TECHMAP_CONSTVAL_RD_ARST_ !== 1'b0 || _TECHMAP_CONSTVAL_RD_SRST_ !== 1'b0 ||
    !(SMALL || SIZE > 256 && blocks_in_parts(SIZE) < blocks(SIZE));

  // One word has no address; it is left as it is, like all that the condition above names.
  generate if (SIZE < 2) begin end else if (SMALL) begin
    wire [ABITS-1:0] address;
    wire [(WIDTH<<ABITS)-1:0] words = INIT;
    \$dffe #(.WIDTH(ABITS), .CLK_POLARITY(1'b1), .EN_POLARITY(1'b1)) _TECHMAP_REPLACE_.address (
      .CLK(RD_CLK), .EN(RD_EN), .D(RD_ADDR), .Q(address));
    \$bmux #(.WIDTH(WIDTH), .S_WIDTH(ABITS)) _TECHMAP_REPLACE_.word (
      .A(words), .S(address), .Y(RD_DATA));
  end else begin
    wire [WIDTH-1:0] of_first, of_rest;
    wire in_rest;
    \$dffe #(.WIDTH(1), .CLK_POLARITY(1'b1), .EN_POLARITY(1'b1)) _TECHMAP_REPLACE_.chosen (
      .CLK(RD_CLK), .EN(RD_EN), .D(RD_ADDR[FIRST_BITS]), .Q(in_rest));
    assign RD_DATA = in_rest ? of_rest : of_first;

    \$mem_v2 #(
      .MEMID("\\first"), .SIZE(FIRST), .OFFSET(0), .ABITS(FIRST_BITS), .WIDTH(WIDTH),
      .INIT(INIT[FIRST*WIDTH-1:0]), .RD_PORTS(1), .RD_CLK_ENABLE(1'b1), .RD_CLK_POLARITY(1'b1),
      .RD_TRANSPARENCY_MASK(1'b0), .RD_COLLISION_X_MASK(1'b0), .RD_WIDE_CONTINUATION(1'b0),
      .RD_CE_OVER_SRST(1'b0), .RD_ARST_VALUE({WIDTH{1'bx}}), .RD_SRST_VALUE({WIDTH{1'bx}}),
      .RD_INIT_VALUE({WIDTH{1'bx}}), .WR_PORTS(1), .WR_CLK_ENABLE(1'b1), .WR_CLK_POLARITY(1'b0),
      .WR_PRIORITY_MASK(1'b0), .WR_WIDE_CONTINUATION(1'b0)
    ) _TECHMAP_REPLACE_.first (
      .RD_CLK(RD_CLK), .RD_EN(RD_EN), .RD_ARST(1'b0), .RD_SRST(1'b0),
      .RD_ADDR(RD_ADDR[FIRST_BITS-1:0]), .RD_DATA(of_first),
      .WR_CLK(1'b0), .WR_EN({WIDTH{1'b0}}), .WR_ADDR({FIRST_BITS{1'b0}}), .WR_DATA({WIDTH{1'b0}}));

    if (REST > FEW) begin
      \$mem_v2 #(
        .MEMID("\\rest"), .SIZE(REST), .OFFSET(0), .ABITS(REST_BITS), .WIDTH(WIDTH),
        .INIT(INIT[SIZE*WIDTH-1:FIRST*WIDTH]), .RD_PORTS(1), .RD_CLK_ENABLE(1'b1),
        .RD_CLK_POLARITY(1'b1), .RD_TRANSPARENCY_MASK(1'b0), .RD_COLLISION_X_MASK(1'b0),
        .RD_WIDE_CONTINUATION(1'b0), .RD_CE_OVER_SRST(1'b0), .RD_ARST_VALUE({WIDTH{1'bx}}),
        .RD_SRST_VALUE({WIDTH{1'bx}}), .RD_INIT_VALUE({WIDTH{1'bx}}), .WR_PORTS(1),
        .WR_CLK_ENABLE(1'b1), .WR_CLK_POLARITY(1'b0), .WR_PRIORITY_MASK(1'b0),
        .WR_WIDE_CONTINUATION(1'b0)
      ) _TECHMAP_REPLACE_.rest (
        .RD_CLK(RD_CLK), .RD_EN(RD_EN), .RD_ARST(1'b0), .RD_SRST(1'b0),
        .RD_ADDR(RD_ADDR[REST_BITS-1:0]), .RD_DATA(of_rest),
        .WR_CLK(1'b0), .WR_EN({WIDTH{1'b0}}), .WR_ADDR({REST_BITS{1'b0}}), .WR_DATA({WIDTH{1'b0}}));
    end else begin
      // Words selected by the address in logic, behind it the register of the port.
      wire [WIDTH-1:0] word;
      wire [(WIDTH<<REST_BITS)-1:0] words = INIT[SIZE*WIDTH-1:FIRST*WIDTH];
      \$bmux #(.WIDTH(WIDTH), .S_WIDTH(REST_BITS)) _TECHMAP_REPLACE_.word (
        .A(words), .S(RD_ADDR[REST_BITS-1:0]), .Y(word));
      \$dffe #(.WIDTH(WIDTH), .CLK_POLARITY(1'b1), .EN_POLARITY(1'b1)) _TECHMAP_REPLACE_.rest (
        .CLK(RD_CLK), .EN(RD_EN), .D(word), .Q(of_rest));
    end
  end endgenerate
endmodule
