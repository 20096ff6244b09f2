// SPDX-License-Identifier: Apache-2.0
// Writes the coefficients that the driver gives through the registers of a design, on AXI4-Lite.
//
// Before the first word it stops the design and waits until it stands still; a while after the last
// one it starts it again. A word that a reset cuts is written again after it.

`timescale 1ns/1ps

module lmu__loader #(
  parameter AXI_ADDRESS = 1,
  parameter ADDRESS = 1,
  parameter WORD = 1,
  parameter CONTROL = 0,  // offsets of registers
  parameter STATUS = 0,
  parameter STILL = 0,  // bit of STATUS
  parameter TO = 0,  // address of the next word
  parameter DATA = 0
) (
  input clk,
  input rst,
  input coefficient_write,
  input [ADDRESS-1:0] coefficient_address,
  input [WORD-1:0] coefficient_data,
  output full,  // no word can be given
  output held,  // no vector may be offered
  output reg failed,  // something was refused that must not be
  output reg [AXI_ADDRESS-1:0] s_axi_awaddr,
  output [2:0] s_axi_awprot,
  output reg s_axi_awvalid,
  input s_axi_awready,
  output reg [31:0] s_axi_wdata,
  output [3:0] s_axi_wstrb,
  output reg s_axi_wvalid,
  input s_axi_wready,
  input [1:0] s_axi_bresp,
  input s_axi_bvalid,
  output s_axi_bready,
  output [AXI_ADDRESS-1:0] s_axi_araddr,
  output [2:0] s_axi_arprot,
  output reg s_axi_arvalid,
  input s_axi_arready,
  input [31:0] s_axi_rdata,
  input [1:0] s_axi_rresp,
  input s_axi_rvalid,
  output s_axi_rready
);
  localparam IDLE = 0, STOP = 1, POLL = 2, POINT = 3, FEED = 4, WAIT = 5, START = 6;
  localparam PARTS = (WORD + 31) / 32;
  localparam PATIENCE = 32;  // cycles without a word after which the design is started

  reg [2:0] state;
  reg under_way, pending;
  reg [ADDRESS-1:0] address, next;
  reg [PARTS*32-1:0] word;
  integer part, waited;

  assign full = pending || coefficient_write;
  assign held = state != IDLE || full;
  assign s_axi_awprot = 0;
  assign s_axi_arprot = 0;
  assign s_axi_wstrb = 4'hf;
  assign s_axi_araddr = STATUS;
  assign s_axi_bready = 1;
  assign s_axi_rready = 1;

  task write(input [AXI_ADDRESS-1:0] to, input [31:0] data);
    begin
      s_axi_awaddr <= to;
      s_axi_wdata <= data;
      s_axi_awvalid <= 1;
      s_axi_wvalid <= 1;
      under_way <= 1;
    end
  endtask

  initial begin
    state = IDLE; under_way = 0; pending = 0; failed = 0;
    s_axi_awvalid = 0; s_axi_wvalid = 0; s_axi_arvalid = 0;
    s_axi_awaddr = 0; s_axi_wdata = 0;
  end

  always @(posedge clk) begin
    if (coefficient_write) begin
      pending <= 1;
      address <= coefficient_address;
      word <= coefficient_data;
    end
    failed <= !rst && (s_axi_bvalid && s_axi_bresp != 0 || s_axi_rvalid && s_axi_rresp != 0);
    if (rst) begin
      state <= full ? STOP : IDLE;
      under_way <= 0;
      s_axi_awvalid <= 0;
      s_axi_wvalid <= 0;
      s_axi_arvalid <= 0;
    end else if (under_way) begin
      if (s_axi_awready) s_axi_awvalid <= 0;
      if (s_axi_wready) s_axi_wvalid <= 0;
      if (s_axi_arready) s_axi_arvalid <= 0;
      if (s_axi_rvalid) begin
        under_way <= 0;
        if (s_axi_rdata[STILL]) state <= POINT;
      end
      if (s_axi_bvalid) begin
        under_way <= 0;
        case (state)
          STOP: state <= POLL;
          POINT: begin
            part <= 0;
            state <= FEED;
          end
          FEED:
            if (part == PARTS - 1) begin
              pending <= 0;
              next <= address + 1;
              waited <= 0;
              state <= WAIT;
            end else part <= part + 1;
          default: state <= IDLE;
        endcase
      end
    end else case (state)
      IDLE: if (full) state <= STOP;
      STOP: write(CONTROL, 0);
      POLL: begin
        s_axi_arvalid <= 1;
        under_way <= 1;
      end
      POINT: write(TO, address);
      FEED: write(DATA, word[part*32 +: 32]);
      WAIT:
        if (pending) begin
          part <= 0;
          state <= address == next ? FEED : POINT;
        end else if (waited == PATIENCE && !full) state <= START;
        else waited <= waited + 1;
      default: write(CONTROL, 1);
    endcase
  end
endmodule
