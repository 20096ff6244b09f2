// A read-only memory with a registered output, contents from a hexadecimal file.
module lmu_rom #(
  parameter WIDTH = 8,
  parameter DEPTH = 1,
  parameter ADDRESS = 1,
  parameter FILE = ""
) (
  input clk,
  input [ADDRESS-1:0] address,
  output reg [WIDTH-1:0] data
);
  (* rom_style = "block", ram_style = "block" *)
  reg [WIDTH-1:0] words [0:DEPTH-1];
  initial $readmemh(FILE, words);
  always @(posedge clk) data <= words[address];
endmodule
