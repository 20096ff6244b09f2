// SPDX-License-Identifier: Apache-2.0
// Drives a Verilated design through its AXI4-Stream ports at the speed of its model, compares every
// word that a layer stores and every answer, and watches that it keeps the protocol.
//
// Outputs are looked at as they are before a rising edge of the clock, under the inputs that were
// driven since the edge before: what `driver.v` sees. All wide ports are arrays of 32-bit words.
//
// Each stream runs its sequences one after the other. At full load streams take turns, otherwise any
// of them comes next.

#include "library.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "Vbulk.h"
#include "verilated.h"

namespace {

thread_local std::string printed;

using Words = uint32_t*;

// ---- Bits of a port

uint64_t bits(const uint32_t* words, int64_t low, int width) {
  const int64_t at = low / 32;
  const int shift = low % 32;
  uint64_t value = words[at] >> shift;
  for (int have = 32 - shift, next = 1; have < width; have += 32, ++next)
    value |= static_cast<uint64_t>(words[at + next]) << have;
  return width < 64 ? value & ((uint64_t{1} << width) - 1) : value;
}

int64_t code(uint64_t value, int width, bool is_signed) {
  if (width < 64) {
    value &= (uint64_t{1} << width) - 1;
    if (is_signed && value >> (width - 1)) value -= uint64_t{1} << width;
  }
  return static_cast<int64_t>(value);
}

// At most 64 bits.
void put(Words words, int64_t low, int width, uint64_t value) {
  for (int done = 0; done < width;) {
    const int shift = (low + done) % 32, count = std::min(width - done, 32 - shift);
    const uint32_t mask = (count < 32 ? (uint32_t{1} << count) - 1 : ~uint32_t{0}) << shift;
    uint32_t& word = words[(low + done) / 32];
    word = (word & ~mask) | (static_cast<uint32_t>(value >> done) << shift & mask);
    done += count;
  }
}

void copy(Words to, int64_t at, const uint32_t* from, int64_t low, int64_t width) {
  for (int64_t done = 0; done < width; done += 32) {
    const int count = static_cast<int>(std::min<int64_t>(width - done, 32));
    put(to, at + done, count, bits(from, low + done, count));
  }
}

int64_t words_of(int64_t bits) { return (bits + 31) / 32; }

// The code of an element. The whole of it counts: a wrong extension of its sign is a wrong word, and
// beyond 64 bits one that no code is.
int64_t element_code(const uint32_t* words, int64_t low, const Port& port) {
  const int width = std::min(port.element_bits, 64);
  const int64_t got = code(bits(words, low, width), width, port.is_signed);
  const uint32_t extension = port.is_signed && got < 0 ? ~uint32_t{0} : 0;
  for (int64_t at = 64; at < port.element_bits; at += 32)
    if (bits(words, low + at, 32) != extension) return INT64_MIN;
  return got;
}

// tkeep of a beat in which so many bytes belong to the vector.
std::vector<uint32_t> keep_of(const Port& port, int bytes) {
  std::vector<uint32_t> keep(words_of(port.width / 8), 0);
  for (int byte = 0; byte < bytes; ++byte) keep[byte / 32] |= uint32_t{1} << byte % 32;
  return keep;
}

class Noise {
 public:
  explicit Noise(uint64_t seed) : state_(seed * 2 + 0x9e3779b97f4a7c15) {}
  uint64_t operator()() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    return state_ ^= state_ << 17;
  }
  int below(int64_t limit) { return static_cast<int>(((*this)() >> 16) % limit); }

 private:
  uint64_t state_;
};

// ---- How far something is: a place, which is a layer or the answers, or what is driven

struct Cursor {
  size_t turn = 0;  // which of the sequences of a stream
  int64_t within = 0;  // words, or vectors, of it that are over
};

struct Stream {
  std::vector<int> sequences;
  Cursor driven;
  std::vector<Cursor> places;  // by layer, then answers
};

// A vector that was taken, at full load: whether it ends a sequence, and follows the stream before.
struct Taken {
  bool ends, in_turn;
};

class Bench {
 public:
  Bench(const Shape& shape, uint64_t seed)
      : shape_(shape),
        noise_(seed),
        model_(std::make_unique<VerilatedContext>()),
        vector_(words_of(int64_t{shape.input.beats} * shape.input.width)),
        answer_(words_of(int64_t{shape.output.beats} * shape.output.width)) {
    for (bool ends : {false, true}) {
      const Port &input = shape.input, &output = shape.output;
      input_keep_[ends] = keep_of(input, ends ? input.last_bytes : input.width / 8);
      output_keep_[ends] = keep_of(output, ends ? output.last_bytes : output.width / 8);
    }
    model_->fatalOnError(false);  // it is said in the report, and this process goes on
    model_->randReset(2);  // registers that nothing resets begin with anything
    model_->randSeed(static_cast<int>(seed % 0x7fffffff) + 1);
    top_ = std::make_unique<Vbulk>(model_.get());
    top_->clk = 0;
    top_->rst = 1;
    top_->s_axis_tvalid = 0;
    top_->m_axis_tready = 0;
    top_->coefficient_write = 0;
    settle();
    edge();  // the only one in reset
    top_->rst = 0;
    settle();
    streams_.resize(shape_.streams);
    starts_.resize(shape_.layers + 1);
    times_.resize(shape_.streams);
  }
  ~Bench() { top_->final(); }

  bool ended() const { return model_->gotFinish(); }

  const Shape& shape() const { return shape_; }

  void write(uint32_t address, const uint32_t* word) {
    edge();
    top_->coefficient_write = 1;
    top_->coefficient_address[0] = address;
    std::memcpy(top_->coefficient_data.data(), word, shape_.word_size * sizeof *word);
    settle();
    edge();
    top_->coefficient_write = 0;
    settle();
    cycle_ += 2;
  }

  void run(const Block& block, Report& report);

 private:
  void edge() {
    top_->clk = 1;
    top_->eval();
  }
  void settle() {
    top_->clk = 0;
    top_->eval();
  }
  void complain(const char* text) {
    if (report_->failure[0]) return;
    std::snprintf(report_->failure, sizeof report_->failure, "%s", text);
    report_->failed_cycle = cycle_;
    report_->failed_answer = answers_;
  }
  void wrong(int place, int64_t at, int64_t got, bool missing) {
    ++report_->mismatches;
    if (report_->place >= 0) return;
    report_->place = place;
    report_->at = at;
    report_->got = got;
    report_->missing = missing;
  }

  void begin(const Block& block, Report& report);
  void rewind();
  int64_t words_at(int place, int sequence) const;
  const Cursor* expected_at(int place, int stream, int64_t got);
  void step(int place, int stream);
  bool left(int stream) const { return streams_[stream].driven.turn < streams_[stream].sequences.size(); }
  int sequence_of(const Stream& stream, const Cursor& cursor) const {
    return stream.sequences[cursor.turn];
  }
  void choose_stream();
  void take_vector();
  bool watch_layers();
  void compare_beat(int number, const uint32_t* record);
  void time_step();
  void take_answer();
  void compare_answer(int id);
  void check_protocol();
  void check_packets();
  void make_vector();
  void offer_beat();
  void offer_noise(bool valid);
  void drive_source(bool entered, bool fire, bool ends);
  void drive_sink(bool fire);
  bool reset_is_due();
  int pause(bool within);
  void end();

  const Shape& shape_;
  Noise noise_;
  std::unique_ptr<VerilatedContext> model_;
  std::unique_ptr<Vbulk> top_;

  const Block* block_ = nullptr;
  Report* report_ = nullptr;
  std::vector<Stream> streams_;
  std::vector<std::vector<int64_t>> starts_;  // by place: where the words of each sequence begin
  std::vector<int64_t> first_vector_;  // of each sequence
  std::deque<int> due_;  // whose the next answers are
  int64_t cycle_ = 0, vector_number_ = 0, vectors_ = 0, answers_ = 0;
  int64_t quiet_ = 0, stuck_ = 0;
  // The beats of a vector, of an answer, and how many of them were taken.
  std::vector<uint32_t> vector_, answer_;
  int vector_beat_ = 0, answer_beat_ = 0;
  int offered_ = 0, last_taken_ = 0;  // whose the vector is that is offered; was taken last
  std::vector<uint32_t> input_keep_[2], output_keep_[2];  // of any beat, and of the last one
  // The source and the sink.
  int pause_ = 0, pauses_ = 0, low_ = 0, high_ = 0, runs_ = 0;
  // Resets.
  int resets_ = 0, length_ = 0, delay_ = -1, offer_ = 0;
  // The cycle before.
  bool was_reset_ = true, waited_ = false;
  std::vector<uint32_t> waiting_;
  // Steps of the slowest layer at full load, or answers that left if they are slower: how many, when
  // the last one of each stream, how many in a row that nothing holds up, and those on their way.
  int64_t steps_ = 0, calm_ = 0;
  std::vector<int64_t> times_;
  std::deque<Taken> under_way_;
};

void Bench::begin(const Block& block, Report& report) {
  block_ = &block;
  report_ = &report;
  for (Stream& stream : streams_) stream = {{}, {}, std::vector<Cursor>(shape_.layers + 1)};
  for (int place = 0; place <= shape_.layers; ++place) starts_[place].assign(1, 0);
  first_vector_.assign(1, 0);
  for (int sequence = 0; sequence < block.sequences; ++sequence) {
    streams_[block.stream[sequence]].sequences.push_back(sequence);
    first_vector_.push_back(first_vector_.back() + block.steps[sequence]);
    for (int place = 0; place <= shape_.layers; ++place)
      starts_[place].push_back(starts_[place].back() + words_at(place, sequence));
  }
  vectors_ = first_vector_.back();
  vector_number_ = answers_ = quiet_ = stuck_ = steps_ = 0;
  vector_beat_ = answer_beat_ = 0;
  last_taken_ = shape_.streams - 1;
  calm_ = shape_.held_up;
  due_.clear();
  under_way_.clear();
  resets_ = block.resets;
  delay_ = -1;
  low_ = high_ = 0;
}

// Words of a sequence at a place.
int64_t Bench::words_at(int place, int sequence) const {
  const int64_t steps = block_->steps[sequence];
  if (place == shape_.layers) return (shape_.answers_once ? 1 : steps) * shape_.output.elements;
  const Layer& layer = shape_.layer[place];
  return layer.once ? layer.last : layer.ordinary * (steps - 1) + layer.last;
}

// After a reset every stream begins again with the sequence whose answers were not all taken.
void Bench::rewind() {
  vector_number_ = 0;
  for (Stream& stream : streams_) {
    const size_t turn = stream.places.back().turn;
    stream.driven = {turn, 0};
    for (Cursor& place : stream.places) place = {turn, 0};
    for (size_t over = 0; over < turn; ++over) vector_number_ += block_->steps[stream.sequences[over]];
  }
  vector_beat_ = answer_beat_ = 0;
  due_.clear();
}

// How far a stream is at a place; null where nothing is expected any more, which is said.
const Cursor* Bench::expected_at(int place, int stream, int64_t got) {
  const Cursor& cursor = streams_[stream].places[place];
  if (cursor.turn < streams_[stream].sequences.size()) return &cursor;
  wrong(place, starts_[place].back(), got, false);
  return nullptr;
}

// One word of a stream at a place is over.
void Bench::step(int place, int stream) {
  Cursor& cursor = streams_[stream].places[place];
  const int sequence = sequence_of(streams_[stream], cursor);
  if (++cursor.within == starts_[place][sequence + 1] - starts_[place][sequence])
    cursor = {cursor.turn + 1, 0};
}

// Return whether a layer starts a step or stores a code.
bool Bench::watch_layers() {
  bool busy = false;
  for (int number = 0; number < shape_.layers; ++number) {
    const uint32_t* record = top_->seen.data() + shape_.layer[number].word;
    if (record[1]) {
      busy = true;
      if (number == shape_.slowest && !top_->rst) time_step();
    }
    if (record[0]) {
      busy = true;
      if (!top_->rst) compare_beat(number, record);
    }
  }
  return busy;
}

void Bench::compare_beat(int number, const uint32_t* record) {
  const Layer& layer = shape_.layer[number];
  const int node = record[2], stream = record[5];
  const uint32_t* mask = record + 6;
  const int64_t data = 192 + (layer.lanes + 31) / 32 * 32;  // bits before the elements
  const int64_t first = int64_t{record[3]} * layer.rows[node] + int64_t{record[4]} * layer.lanes;
  for (int lane = 0; lane < layer.lanes; ++lane) {
    if (!(mask[lane / 32] >> lane % 32 & 1)) continue;
    const int64_t got = code(bits(record, data + int64_t{lane} * layer.width, layer.width),
                             layer.widths[node], layer.is_signed[node]);
    const Cursor* cursor = expected_at(number, stream, got);
    if (!cursor) continue;
    const int sequence = sequence_of(streams_[stream], *cursor);
    const int64_t at = starts_[number][sequence] + cursor->within;
    // Which word of a step this must be.
    const int64_t before = words_at(number, sequence) - layer.last;
    const int64_t word = cursor->within < before ? cursor->within % layer.ordinary
                                                 : layer.ordinary + cursor->within - before;
    ++report_->compared;
    if (layer.node[word] != node || layer.index[word] != first + lane ||
        block_->expected[number][at] != got)
      wrong(number, at, got, false);
    step(number, stream);
  }
}

// Steps that follow each other at full load, each stream in its turn; the first ones fill the
// pipeline of layers, and those that a last step may hold up are not looked at.
void Bench::time_step() {
  if (block_->stall || under_way_.empty()) return;
  const Taken taken = under_way_.front();
  under_way_.pop_front();
  const bool fits = shape_.streams == 1 || (taken.in_turn && !taken.ends);
  int64_t& time = times_[steps_ % shape_.streams];
  if (steps_ > shape_.warm_up && calm_ > shape_.held_up && fits) {
    const int64_t took = cycle_ - time;
    if (!report_->shortest || took < report_->shortest) report_->shortest = took;
    if (took > report_->longest) report_->longest = took;
  }
  calm_ = taken.ends || !taken.in_turn ? 0 : calm_ + 1;
  time = cycle_;
  ++steps_;
}

// A beat was taken: one more of an answer.
void Bench::take_answer() {
  const Port& port = shape_.output;
  const int id = shape_.streams > 1 ? static_cast<int>(top_->m_axis_tid[0]) : 0;
  const bool ends = answer_beat_ == port.beats - 1;
  if (due_.empty() ? shape_.streams > 1 : due_.front() != id)
    complain("m_axis_tid must be the stream of the oldest step that is not answered");
  const Stream& stream = streams_[id];
  const Cursor& cursor = stream.places[shape_.layers];
  const bool some = cursor.turn < stream.sequences.size();
  const bool closes = some && cursor.within + port.elements ==
                                  words_at(shape_.layers, sequence_of(stream, cursor));
  copy(answer_.data(), int64_t{answer_beat_} * port.width, top_->m_axis_tdata.data(), 0, port.width);
  if (top_->m_axis_tlast != (ends && (shape_.marks || closes)))
    complain(shape_.marks ? "m_axis_tlast must mark the last beat of an answer, and no other"
                          : "m_axis_tlast must mark the last answer of a sequence, and no other");
  if (shape_.marks && top_->m_axis_tuser != closes)
    complain("m_axis_tuser must mark the last answer of a sequence, and no other");
  answer_beat_ = ends ? 0 : answer_beat_ + 1;
  if (!ends) return;
  compare_answer(id);
  ++answers_;
  if (!due_.empty()) due_.pop_front();
  if (shape_.slowest == -1) time_step();
}

void Bench::compare_answer(int id) {
  const int place = shape_.layers;
  const Port& port = shape_.output;
  for (int element = 0; element < port.elements; ++element) {
    const int64_t low = int64_t{element} * port.element_bits;
    const int64_t got = element_code(answer_.data(), low, port);
    const Cursor* cursor = expected_at(place, id, got);
    if (!cursor) return;
    const int64_t at = starts_[place][sequence_of(streams_[id], *cursor)] + cursor->within;
    ++report_->compared;
    if (block_->expected[place][at] != got) wrong(place, at, got, false);
    step(place, id);
  }
}

void Bench::check_protocol() {
  const bool reset = top_->rst;
  if (reset && top_->s_axis_tready) complain("s_axis_tready must be low in reset");
  if (reset && top_->m_axis_tvalid) complain("m_axis_tvalid must be low in reset");
  if (was_reset_ && top_->m_axis_tvalid) complain("m_axis_tvalid must be low after reset");
  if (shape_.packets && !reset) check_packets();
  const auto* data = top_->m_axis_tdata.data();
  const size_t size = words_of(shape_.output.width);
  const uint32_t marks =
      top_->m_axis_tlast | uint32_t{top_->m_axis_tuser} << 1 | top_->m_axis_tid[0] << 2;
  if (waited_ && !reset) {
    if (!top_->m_axis_tvalid || marks != waiting_.back() ||
        std::memcmp(data, waiting_.data(), size * sizeof *data))
      complain("an answer must stay until it is taken");
  }
  waited_ = top_->m_axis_tvalid && !top_->m_axis_tready && !reset;
  if (waited_) {
    waiting_.assign(data, data + size);
    waiting_.push_back(marks);
  }
  was_reset_ = reset;
}

void Bench::check_packets() {
  const auto& keep = output_keep_[answer_beat_ == shape_.output.beats - 1];
  if (top_->m_axis_tvalid && !std::equal(keep.begin(), keep.end(), top_->m_axis_tkeep.data()))
    complain("m_axis_tkeep must be that of the beat");
  if (top_->s_axis_malformed) complain("s_axis_malformed must be low: every packet is well-formed");
}

// ---- What is driven

// The bits of the next vector; what nobody reads is anything.
void Bench::make_vector() {
  const Port& port = shape_.input;
  const Cursor& driven = streams_[offered_].driven;
  const int64_t first = first_vector_[sequence_of(streams_[offered_], driven)];
  const int64_t* codes = block_->codes + (first + driven.within) * port.elements;
  const int64_t used = int64_t{port.elements} * port.code_width;
  if (used < int64_t{port.beats} * port.width)
    for (uint32_t& word : vector_) word = static_cast<uint32_t>(noise_());
  for (int element = 0; element < port.elements; ++element)
    put(vector_.data(), int64_t{element} * port.element_bits, port.code_width,
        static_cast<uint64_t>(codes[element]));
}

// Choose whose the next vector is.
void Bench::choose_stream() {
  const int streams = shape_.streams;
  offered_ = last_taken_;
  if (streams == 1 || (block_->stall && left(offered_) && noise_.below(10) < 3)) return;
  const int first = block_->stall ? noise_.below(streams) : (last_taken_ + 1) % streams;
  for (offered_ = first; !left(offered_);) offered_ = (offered_ + 1) % streams;
}

// The vector that was offered is taken.
void Bench::take_vector() {
  Stream& stream = streams_[offered_];
  const bool ends = stream.driven.within == block_->steps[sequence_of(stream, stream.driven)] - 1;
  if (!shape_.answers_once || ends) due_.push_back(offered_);
  if (!block_->stall) under_way_.push_back({ends, offered_ == (last_taken_ + 1) % shape_.streams});
  stream.driven = ends ? Cursor{stream.driven.turn + 1, 0}
                       : Cursor{stream.driven.turn, stream.driven.within + 1};
  last_taken_ = offered_;
  vector_beat_ = 0;
  ++vector_number_;
}

void Bench::offer_beat() {
  const Port& port = shape_.input;
  const bool ends = vector_beat_ == port.beats - 1;
  if (vector_beat_ == 0) {
    choose_stream();
    make_vector();
  }
  const Stream& stream = streams_[offered_];
  const int64_t steps = block_->steps[sequence_of(stream, stream.driven)];
  const bool closes = stream.driven.within == steps - 1;
  top_->s_axis_tid[0] = offered_;
  const int64_t low = int64_t{vector_beat_} * port.width;
  copy(top_->s_axis_tdata.data(), 0, vector_.data(), low, port.width);
  top_->s_axis_tvalid = 1;
  top_->s_axis_tlast = ends && (shape_.marks || closes);
  if (!shape_.packets) return;
  const auto& keep = input_keep_[ends];
  std::copy(keep.begin(), keep.end(), top_->s_axis_tkeep.data());
  // It is looked at in the beat that ends a vector.
  top_->s_axis_tuser = ends ? closes : noise_() & 1;
}

void Bench::offer_noise(bool valid) {
  top_->s_axis_tvalid = valid;
  top_->s_axis_tlast = noise_() & 1;
  top_->s_axis_tuser = noise_() & 1;
  if (shape_.streams > 1) top_->s_axis_tid[0] = noise_.below(shape_.streams);
  for (int64_t low = 0; low < shape_.input.width; low += 32)
    put(top_->s_axis_tdata.data(), low, 32, noise_());
  for (int64_t low = 0; low < shape_.input.width / 8; low += 32)
    put(top_->s_axis_tkeep.data(), low, 32, noise_());
}

// Cycles without a beat: mostly a few, behind every eighth vector enough to drain all queues; within
// a vector seldom any.
int Bench::pause(bool within) {
  if (!(block_->stall & 1)) return 0;
  if (within) return noise_.below(4) ? 0 : 1 + noise_.below(3);
  return ++pauses_ % 8 == 2 ? 3 * shape_.cycles : 1 + noise_.below(12);
}

void Bench::drive_source(bool entered, bool fire, bool ends) {
  if (fire) {
    offer_ = noise_.below(3);  // nothing, the next beat, or what is never taken
    if (offer_ == 1 && vector_number_ < vectors_) {
      offer_beat();
      pause_ = 0;  // it stays
    } else {
      offer_noise(offer_ == 2);
    }
    return;
  }
  if (top_->rst && !ends) return;
  if (!entered && top_->s_axis_tvalid && !ends) return;  // a beat that waits stays
  if (vector_number_ < vectors_ && pause_ == 0)
    offer_beat();
  else
    offer_noise(false);
  if (pause_ > 0) --pause_;
}

// For how many cycles the sink is not ready, then ready: single cycles, a few, as long as it takes
// to fill or drain everything, and as long as the beats of an answer where several wait.
void Bench::drive_sink(bool fire) {
  if (fire || !(block_->stall & 2)) {
    top_->m_axis_tready = fire ? noise_() & 1 : 1;
    return;
  }
  if (!low_ && !high_) {
    const int step = shape_.cycles, answer = shape_.output.beats, place = runs_++ % 14;
    low_ = 1 + noise_.below(3);
    high_ = 1 + noise_.below(3);
    if (place == 5) {
      low_ = shape_.fill;
      high_ = 2 * step;
    } else if (place == 6 || place == 7) {
      low_ = 1 + noise_.below(2 * step);
      high_ = 1 + noise_.below(2 * step);
    } else if (place == 8) {
      low_ = 3 * step;
      high_ = answer;
    } else if (place > 8 && place < 13) {
      low_ = 1 + noise_.below(3 * step);
      high_ = answer;
    } else if (place == 13) {
      low_ = high_ = 2 * step;
    }
  }
  top_->m_axis_tready = low_ == 0;
  if (low_ > 0)
    --low_;
  else
    --high_;
}

// A reset waits until a share of the beats was taken, and then for any number of cycles until the
// next beats would have been answered.
bool Bench::reset_is_due() {
  if (!resets_ || top_->rst) return false;
  if (delay_ < 0) {
    if (vector_number_ * (block_->resets + 1) < vectors_ * (block_->resets - resets_ + 1))
      return false;
    delay_ = noise_.below(int64_t{shape_.layers} * (shape_.cycles + 24));
  }
  if (delay_-- > 0) return false;
  --resets_;
  delay_ = -1;
  length_ = resets_ % 7 == 6 ? 3 : 1;
  ++report_->resets[0];
  report_->resets[1] += quiet_ <= shape_.settle;
  report_->resets[2] += waited_;
  report_->resets[3] += top_->s_axis_tvalid;
  return true;
}

void Bench::run(const Block& block, Report& report) {
  begin(block, report);
  const int64_t first = cycle_;
  // What comes after a wrong word says nothing more.
  while (!report.stop && report.place < 0) {
    const bool reset = top_->rst;
    const bool entered = top_->s_axis_tvalid && top_->s_axis_tready && !reset;
    const bool left = top_->m_axis_tvalid && top_->m_axis_tready && !reset;
    const bool full = top_->s_axis_tvalid && !top_->s_axis_tready && !reset;
    const bool busy = watch_layers();
    check_protocol();
    if (left) take_answer();
    quiet_ = busy || entered || left || reset ? 0 : quiet_ + 1;
    stuck_ = entered || left || reset ? 0 : stuck_ + 1;
    if (!reset) {
      report.stalls[0] += !top_->s_axis_tvalid;
      report.stalls[1] += full;
      report.stalls[2] += waited_;
      report.stalls[3] += !top_->m_axis_tready && !top_->m_axis_tvalid;
      report.stalls[4] += full && waited_ && quiet_ > shape_.settle;
    }
    if (entered) {
      const bool within = ++vector_beat_ < shape_.input.beats;
      if (!within) take_vector();
      pause_ = pause(within);
    }
    const bool stuck = stuck_ > shape_.patience;
    if (stuck) complain("no progress");
    if (stuck || (vector_number_ == vectors_ && quiet_ > shape_.settle && !top_->m_axis_tvalid))
      break;
    const bool fire = reset_is_due(), ends = reset && --length_ <= 0;
    edge();
    if (fire) rewind();
    drive_source(entered && !fire, fire, ends);
    drive_sink(fire);
    top_->rst = fire || (reset && !ends);
    top_->coefficient_address[0] = top_->coefficient_data[0] = noise_();  // not written
    settle();
    ++cycle_;
    report.taken = vector_number_;
  }
  report.cycles += cycle_ - first;
  end();
}

// Words that never came are wrong.
void Bench::end() {
  if (model_->gotFinish()) complain("the Verilog ended the simulation");
  if (report_->stop || report_->place >= 0) return;
  for (int place = 0; place <= shape_.layers; ++place)
    for (const Stream& stream : streams_) {
      const Cursor& cursor = stream.places[place];
      int64_t missing = -cursor.within;
      for (size_t turn = cursor.turn; turn < stream.sequences.size(); ++turn)
        missing += words_at(place, stream.sequences[turn]);
      if (!missing) continue;
      wrong(place, starts_[place][sequence_of(stream, cursor)] + cursor.within, 0, true);
      report_->mismatches += missing - 1;
    }
}

}  // namespace

int lmu_hw_print(const char* format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  const int length = std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (printed.size() < 4096) printed += text;
  return length;
}

extern "C" {

void* lmu_hw_open(const Shape* shape, uint64_t seed, Report* report) {
  printed.clear();
  auto bench = std::make_unique<Bench>(*shape, seed);
  if (!bench->ended()) return bench.release();
  std::snprintf(report->failure, sizeof report->failure, "%s", printed.c_str());
  return nullptr;
}

void lmu_hw_write(void* bench, int64_t count, const uint32_t* addresses, const uint32_t* words) {
  Bench* written = static_cast<Bench*>(bench);
  for (int64_t number = 0; number < count; ++number)
    written->write(addresses[number], words + number * written->shape().word_size);
}

void lmu_hw_run(void* bench, const Block* block, Report* report) {
  static_cast<Bench*>(bench)->run(*block, *report);
}

void lmu_hw_close(void* bench) { delete static_cast<Bench*>(bench); }
}
