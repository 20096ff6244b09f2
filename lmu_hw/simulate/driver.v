// SPDX-License-Identifier: Apache-2.0
// Drives a design through its AXI4-Stream ports and watches that it keeps the protocol.
//
// Everything happens at rising edges of the clock, like in hardware, and what is driven comes from
// files in the working directory, so that one build runs any stimulus:
//
//   numbers.txt  calm, settle, fill, patience: see below
//   beats.txt    pause, gaps, last, beats, keep, data, id: a vector, the cycles before it is offered,
//                whether its beats are apart, how many there are: more or fewer than it has, if
//                its packet is to be malformed; and whose it is
//   pauses.txt   low, high: for how many cycles m_axis_tready is low, then high
//   resets.txt   after, when, delay, length, offer: once `after` vectors were taken, wait for `when`
//                and then `delay` cycles; the first line is the reset at power-up. A packet that is
//                cut begins anew
//   writes.txt   resets, address, word: a write to the coefficients after so many resets
//
// It leaves answers.txt (data, last and id of each), of packets taken.txt (the cycle in which each was
// complete), cuts.txt (the state of everything at each reset
// and at the end), stalls.txt (cycles without a beat, of beats that wait, of answers that wait, with
// m_axis_tready low before an answer is there, and with everything full) and failures.txt. What is not valid carries noise or unknown bits.

`timescale 1ns/1ps

module lmu__driver #(
  parameter IN = 8,  // bits of s_axis_tdata, and of m_axis_tdata
  parameter OUT = 8,
  parameter IN_BEATS = 1,  // beats of a vector, and bytes in its last one
  parameter OUT_BEATS = 1,
  parameter IN_BYTES = 1,
  parameter OUT_BYTES = 1,
  parameter PACKETS = 0,  // there is tkeep
  parameter ID = 1,  // bits of tid
  parameter MARKS = 0,  // tlast ends every vector, and tuser marks the last one of a sequence
  parameter ADDRESS = 1,
  parameter WORD = 1
) (
  input clk,
  input busy,  // a layer starts a step or stores a code
  output reg rst,
  output reg done,
  output reg [31:0] cycle,
  output reg [31:0] answers,
  output reg [IN-1:0] s_axis_tdata,
  output reg s_axis_tvalid,
  output reg s_axis_tlast,
  output reg [IN/8-1:0] s_axis_tkeep,
  output reg s_axis_tuser,
  output reg [ID-1:0] s_axis_tid,
  input s_axis_tready,
  input s_axis_malformed,
  input [OUT-1:0] m_axis_tdata,
  input m_axis_tvalid,
  input m_axis_tlast,
  input [OUT/8-1:0] m_axis_tkeep,
  input m_axis_tuser,
  input [ID-1:0] m_axis_tid,
  output reg m_axis_tready,
  input full,  // no coefficient can be written
  input held,  // no beat may be offered: coefficients are on their way
  input failed,  // one was refused
  output reg coefficient_write,
  output reg [ADDRESS-1:0] coefficient_address,
  output reg [WORD-1:0] coefficient_data
);
  // What `when` in resets.txt waits for.
  localparam ANY = 0;  // nothing
  localparam WAITING = 1;  // an answer that is not taken
  localparam FULL = 2;  // an answer and a beat wait, and nothing moves
  localparam IDLE = 3;  // nothing is inside, and nothing is offered
  localparam WRITING = 4;  // coefficients are written
  // What `offer` lets the source do in reset.
  localparam NOTHING = 0;
  localparam BEAT = 1;  // offer the next beat, and go on offering it afterwards
  localparam NOISE = 2;  // offer what is never taken

  localparam MOST = IN_BEATS + 2 * PACKETS;  // beats of a packet that is too long
  localparam [IN/8-1:0] KEPT_IN = {(IN/8){1'b1}} >> (IN / 8 - IN_BYTES);  // in a last beat
  localparam [OUT/8-1:0] KEPT_OUT = {(OUT/8){1'b1}} >> (OUT / 8 - OUT_BYTES);

  integer numbers, beats, pauses, resets, writes, answer_file, cut_file, failure_file;
  integer stall_file, taken_file, count;
  integer calm;  // answers that are taken at once before pauses.txt begins
  integer settle;  // cycles without activity after which nothing is inside
  integer fill;  // half of the most cycles to wait for `when`, unless it is IDLE, which must come
  integer patience;  // cycles without progress after which the driver gives up

  reg have_beat, vector_last, gaps;
  reg [MOST*IN-1:0] vector_data;
  reg [MOST*IN/8-1:0] vector_keep;
  reg [ID-1:0] vector_id;
  integer pause, accepted;
  integer beat, given, needed_beats;  // of the packet: the next one, those offered, those it takes
  reg [IN/8-1:0] kept;
  reg wrong, was_wrong;
  reg [OUT_BEATS*OUT-1:0] answer;
  integer part;  // of an answer
  reg answer_ends;
  integer low, high;
  reg have_reset, armed, met, fire, ends;
  integer after, when, delay, length, offer, waited, resets_done;
  reg have_write, writing;
  integer needed, writes_done;
  reg [ADDRESS-1:0] write_address;
  reg [WORD-1:0] write_word;

  reg [63:0] noise;
  reg entered, left, hold_source, was_rst, was_full, was_done, was_waiting;
  reg [OUT+OUT/8+ID+1:0] was_offered, offered;
  integer quiet, stuck, failures;
  integer beat_waits, answer_waits, early_waits, full_waits, pause_cycles;

  task next_vector;
    begin
      count = $fscanf(beats, "%d %b %b %d %h %h %d\n", pause, gaps, vector_last, given,
        vector_keep, vector_data, vector_id);
      have_beat = count == 7;
      beat = 0;
      needed_beats = given < IN_BEATS ? given : IN_BEATS;
    end
  endtask

  // Whether the present beat is not as it must be.
  task judge_beat;
    begin
      kept = vector_keep[beat*IN/8 +: IN/8];
      wrong = 0;
      if (PACKETS && beat < IN_BEATS)
        wrong = (beat == given - 1) != (beat == IN_BEATS - 1) && (MARKS || vector_last)
          || kept != (beat == IN_BEATS - 1 ? KEPT_IN : {(IN/8){1'b1}});
    end
  endtask

  task next_reset;
    begin
      count = $fscanf(resets, "%d %d %d %d %d\n", after, when, delay, length, offer);
      have_reset = count == 5;
      waited = 0;
      met = 0;
    end
  endtask

  task next_write;
    begin
      count = $fscanf(writes, "%d %h %h\n", needed, write_address, write_word);
      have_write = count == 3;
    end
  endtask

  task complain(input [64*8-1:0] text);
    begin
      if (failures < 8) $fwrite(failure_file, "cycle %0d, answer %0d: %0s\n", cycle, answers, text);
      failures = failures + 1;
    end
  endtask

  // Offer the next beat, or noise: with unknown bits where a simulator has them.
  task offer_beat;
    begin
      s_axis_tvalid <= 1;
      s_axis_tdata <= vector_data[beat*IN +: IN];
      s_axis_tkeep <= vector_keep[beat*IN/8 +: IN/8];
      s_axis_tlast <= beat == given - 1 && (MARKS || vector_last);
      s_axis_tuser <= beat == needed_beats - 1 ? vector_last : noise[6];
      s_axis_tid <= vector_id;
    end
  endtask

  task offer_noise(input valid, input unknown);
    begin
      s_axis_tvalid <= valid;
      s_axis_tdata <= unknown ? {IN{1'bx}} : {((IN + 63) / 64){noise}};
      s_axis_tkeep <= unknown ? {(IN/8){1'bx}} : {((IN / 8 + 63) / 64){noise}};
      s_axis_tlast <= unknown ? 1'bx : noise[7];
      s_axis_tuser <= unknown ? 1'bx : noise[6];
      s_axis_tid <= unknown ? {ID{1'bx}} : noise[40:33];
    end
  endtask

  initial begin
    numbers = $fopen("numbers.txt", "r");
    count = $fscanf(numbers, "%d %d %d %d\n", calm, settle, fill, patience);
    $fclose(numbers);
    beats = $fopen("beats.txt", "r");
    pauses = $fopen("pauses.txt", "r");
    resets = $fopen("resets.txt", "r");
    writes = $fopen("writes.txt", "r");
    answer_file = $fopen("answers.txt", "w");
    if (PACKETS) taken_file = $fopen("taken.txt", "w");
    cut_file = $fopen("cuts.txt", "w");
    failure_file = $fopen("failures.txt", "w");
    stall_file = $fopen("stalls.txt", "w");
    accepted = 0; resets_done = 0; writes_done = 0; low = 0; high = 0;
    quiet = 0; stuck = 0; failures = 0;
    beat_waits = 0; answer_waits = 0; early_waits = 0; full_waits = 0; pause_cycles = 0;
    noise = 64'h9e3779b97f4a7c15;
    was_rst = 0; was_full = 0; was_done = 0; was_waiting = 0; was_offered = 0; was_wrong = 0;
    part = 0;
    done = 0; cycle = 0; answers = 0;
    s_axis_tvalid = 0; s_axis_tdata = 0; s_axis_tlast = 0; m_axis_tready = 0;
    s_axis_tkeep = 0; s_axis_tuser = 0; s_axis_tid = 0;
    coefficient_write = 0; coefficient_address = 0; coefficient_data = 0;
    next_vector; next_reset; next_write;
    rst = 1;
  end

  always @(posedge clk) if (!was_done) begin
    cycle <= cycle + 1;
    noise = noise ^ (noise << 13);
    noise = noise ^ (noise >> 7);
    noise = noise ^ (noise << 17);

    // What the cycle brought that ends here.
    entered = s_axis_tvalid && s_axis_tready === 1'b1 && !rst;
    left = m_axis_tvalid === 1'b1 && m_axis_tready && !rst;
    if ((rst && !was_rst) || done)
      $fwrite(cut_file, "%0s %0d %0d %0d %0d %0d %0d %0d %0d\n", done ? "end" : "reset",
        cycle, accepted, answers, quiet, was_waiting, s_axis_tvalid, was_full, writes_done);
    quiet = busy !== 1'b0 || entered || left || rst ? 0 : quiet + 1;
    stuck = entered || left || rst || coefficient_write ? 0 : stuck + 1;
    answer_ends = part == OUT_BEATS - 1;
    if (left) begin
      answer[part*OUT +: OUT] = m_axis_tdata;
      part = answer_ends ? 0 : part + 1;
      if (answer_ends) begin
        $fwrite(answer_file, "%b %b %0d\n", answer, MARKS ? m_axis_tuser : m_axis_tlast,
          m_axis_tid);
        if (PACKETS) $fwrite(taken_file, "%0d\n", cycle);
        answers <= answers + 1;
      end
    end

    // What the design must keep.
    if (rst && s_axis_tready !== 1'b0) complain("s_axis_tready must be low in reset");
    if (rst && m_axis_tvalid !== 1'b0) complain("m_axis_tvalid must be low in reset");
    if (was_rst && m_axis_tvalid !== 1'b0) complain("m_axis_tvalid must be low after reset");
    if (!rst && (^{s_axis_tready, m_axis_tvalid}) === 1'bx)
      complain("s_axis_tready and m_axis_tvalid must be known");
    offered = {m_axis_tid, m_axis_tuser, m_axis_tlast, m_axis_tkeep, m_axis_tdata};
    if (was_waiting && !rst && (m_axis_tvalid !== 1'b1 || offered !== was_offered))
      complain("an answer must stay until it is taken");
    was_waiting = m_axis_tvalid === 1'b1 && !m_axis_tready && !rst;
    was_offered = offered;
    if (m_axis_tvalid === 1'b1 && !rst && PACKETS) begin
      if (m_axis_tkeep !== (answer_ends ? KEPT_OUT : {(OUT/8){1'b1}}))
        complain("m_axis_tkeep must be that of the beat");
      if (MARKS ? m_axis_tlast !== answer_ends : m_axis_tlast !== 1'b0 && !answer_ends)
        complain("m_axis_tlast must end a vector, or a sequence");
    end
    if (PACKETS && !rst && s_axis_malformed !== was_wrong)
      complain("s_axis_malformed must follow a malformed beat, and nothing else");
    if (failed) complain("a coefficient must be taken");
    was_full = s_axis_tvalid && s_axis_tready === 1'b0 && !rst;
    was_rst = rst;
    if (!rst && !done) begin
      pause_cycles = pause_cycles + !s_axis_tvalid;
      beat_waits = beat_waits + was_full;
      answer_waits = answer_waits + was_waiting;
      early_waits = early_waits + (!m_axis_tready && m_axis_tvalid === 1'b0);
      full_waits = full_waits + (was_full && was_waiting && quiet > settle);
    end

    was_wrong = 0;
    if (entered) begin
      judge_beat;
      was_wrong = wrong;
      beat = beat + 1;
      if (beat == needed_beats) accepted = accepted + 1;
      if (beat == given) next_vector;
      else pause = gaps && noise[50:48] < 3 ? noise[53:51] : 0;
    end

    // Resets.
    fire = 0;
    ends = 0;
    if (rst) begin
      length = length - 1;
      if (length == 0) begin
        ends = 1;
        resets_done = resets_done + 1;
      end
    end else if (have_reset && accepted >= after) begin
      waited = waited + 1;
      case (when)
        ANY: met = 1;
        WAITING: met = met || was_waiting;
        FULL: met = met || (was_full && was_waiting && quiet > settle);
        IDLE: met = met || (quiet > settle && !s_axis_tvalid && m_axis_tvalid !== 1'b1);
        default: met = met || coefficient_write;
      endcase
      if (met || (waited > 2 * fill && when != IDLE)) begin
        if (delay == 0) fire = 1;
        else delay = delay - 1;
      end
    end
    writing = have_write && resets_done >= needed;
    if (fire) begin
      rst <= 1;
      part = 0;
      if (beat >= needed_beats) next_vector;
      else beat = 0;
    end
    if (ends) begin
      rst <= 0;
      next_reset;
    end
    armed = have_reset && accepted >= after && !rst;

    // Source.
    hold_source = writing || held || (armed && when == IDLE);
    if (fire) begin
      if (offer == BEAT && have_beat) begin
        offer_beat;
        pause = 0;
      end else offer_noise(offer == NOISE, 0);
    end else if (rst && !ends) begin
      if (!(offer == BEAT && have_beat)) offer_noise(offer == NOISE, 0);
    end else if (entered || rst || !s_axis_tvalid) begin
      if (have_beat && pause == 0 && !hold_source) offer_beat;
      else offer_noise(0, noise[8]);
      if (pause > 0) pause = pause - 1;
    end

    // Sink.
    if (low == 0 && high == 0 && answers >= calm)
      if ($fscanf(pauses, "%d %d\n", low, high) != 2) low = 0;
    if (fire) m_axis_tready <= noise[13];
    else if (armed && (when == WAITING || when == FULL)) m_axis_tready <= 0;
    else if (low > 0 && !(armed && when == IDLE)) begin
      m_axis_tready <= 0;
      low = low - 1;
    end else begin
      m_axis_tready <= 1;
      if (high > 0) high = high - 1;
    end

    // Coefficients.
    if (writing && !full && !fire && !(rst && !ends) && noise[11:9] != 0) begin
      coefficient_write <= 1;
      coefficient_address <= write_address;
      coefficient_data <= write_word;
      writes_done = writes_done + 1;
      next_write;
    end else begin
      coefficient_write <= 0;
      coefficient_address <= noise[12] ? {ADDRESS{1'bx}} : noise[63:20];
      coefficient_data <= noise[12] ? {WORD{1'bx}} : {((WORD + 63) / 64){noise}};
    end

    // The end.
    was_done = done;
    if (stuck > patience) complain("no progress");
    if (stuck > patience || (!have_beat && !have_reset && !have_write && !held && !rst && !fire
        && quiet > settle && m_axis_tvalid !== 1'b1)) done <= 1;
    if (was_done) begin
      $fwrite(stall_file, "%0d %0d %0d %0d %0d\n", pause_cycles, beat_waits, answer_waits,
        early_waits, full_waits);
      $fclose(stall_file);
      $fclose(answer_file);
      if (PACKETS) $fclose(taken_file);
      $fclose(cut_file);
      $fclose(failure_file);
    end
  end
endmodule
