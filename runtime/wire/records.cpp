#include "runtime/wire/records.hpp"

#include <algorithm>
#include <cctype>

namespace millrace {

namespace {

void fill(const StageRecord& record, wire::StageRecord& wire) {
  wire.set_microbatch(record.microbatch.value);
  wire.set_images(record.images);
  for (const auto instant : {record.arrived, record.started, record.computed, record.encoded, record.sent}) {
    wire.add_instants_ns(instant.count_ns());
  }
  for (const auto cost : {record.cost.decode, record.cost.compute, record.cost.encode}) {
    wire.add_costs_ns(cost.count_ns());
  }
  wire.set_bit_width(record.bit_width);
  wire.set_values(record.values);
  wire.set_payload(record.payload.count());
}

void fill(const CompletionRecord& record, wire::CompletionRecord& wire) {
  wire.set_microbatch(record.microbatch.value);
  wire.set_images(record.images);
  wire.set_created_ns(record.created.count_ns());
  wire.set_completed_ns(record.completed.count_ns());
  for (const auto& output : record.outputs) {
    auto& row = *wire.add_outputs();
    row.set_image(output.image);
    if (output.predicted) row.set_predicted(*output.predicted);
    if (output.label) row.set_label(*output.label);
    row.set_logits_sha256(output.logits_sha256);
    if (output.label_rank) row.set_label_rank(*output.label_rank);
  }
}

void fill(const LinkSample& record, wire::LinkSample& wire) {
  wire.set_to(record.to.value);
  wire.set_microbatch(record.microbatch.value);
  wire.set_sent_ns(record.sent.count_ns());
  wire.set_acknowledged_ns(record.acknowledged.count_ns());
  wire.set_size(record.size.count());
  wire.set_values(record.values);
  wire.set_images(record.images);
}

void fill(const Outgoing& outgoing, wire::Outgoing& wire) {
  wire.set_microbatch(outgoing.microbatch.value);
  wire.set_images(outgoing.images);
  wire.set_values(outgoing.values);
  wire.set_encode_ns(outgoing.encode.count_ns());
  wire.set_waiting(outgoing.waiting);
  auto& sender = *wire.mutable_sender();
  sender.set_in_flight(outgoing.sender.in_flight);
  sender.set_in_flight_size(outgoing.sender.in_flight_size.count());
  sender.set_oldest_sent_ns(outgoing.sender.oldest_sent.count_ns());
  sender.set_ready(outgoing.sender.ready);
  sender.set_ready_size(outgoing.sender.ready_size.count());
}

void fill(const DecisionRecord& record, wire::DecisionRecord& wire) {
  wire.set_to(record.to.value);
  wire.set_policy(record.policy);
  wire.set_bits_per_value(record.bits_per_value);
  wire.set_observed_mbit_per_s(record.observed_mbit_per_s);
  fill(record.outgoing, *wire.mutable_outgoing());
  for (const auto& sample : record.seen) fill(sample, *wire.add_seen());
}

// Keeps sums of instants and costs from overflowing in the receiver: a run is shorter than 36 years.
bool plausible(std::int64_t ns) { return ns >= 0 && ns < (std::int64_t{1} << 60); }

// Whether a text can go into CSV files unchanged.
bool plain_word(const std::string& text, std::size_t longest) {
  return text.size() <= longest && std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == '@';
         });
}

Result<Record> read(const wire::StageRecord& wire) {
  const bool sound = std::all_of(wire.instants_ns().begin(), wire.instants_ns().end(), plausible) &&
                     std::all_of(wire.costs_ns().begin(), wire.costs_ns().end(), plausible) &&
                     wire.payload() >= 0;
  if (!sound || wire.instants_ns_size() != 5 || wire.costs_ns_size() != 3)
    return Error{"a malformed stage record was refused"};
  StageRecord record;
  record.microbatch = {wire.microbatch()};
  record.images = wire.images();
  Time* const instants[] = {&record.arrived, &record.started, &record.computed, &record.encoded,
                            &record.sent};
  for (int i = 0; i < 5; ++i) *instants[i] = Time::at_ns(wire.instants_ns(i));
  Duration* const costs[] = {&record.cost.decode, &record.cost.compute, &record.cost.encode};
  for (int i = 0; i < 3; ++i) *costs[i] = Duration::ns(wire.costs_ns(i));
  record.bit_width = wire.bit_width();
  record.values = wire.values();
  record.payload = Bytes(wire.payload());
  return Record{record};
}

Result<Record> read(const wire::CompletionRecord& wire) {
  const Error malformed{"a malformed completion record was refused"};
  if (!plausible(wire.created_ns()) || !plausible(wire.completed_ns())) return malformed;
  CompletionRecord record;
  record.microbatch = {wire.microbatch()};
  record.images = wire.images();
  record.created = Time::at_ns(wire.created_ns());
  record.completed = Time::at_ns(wire.completed_ns());
  for (const auto& row : wire.outputs()) {
    if (!plain_word(row.logits_sha256(), 64)) return malformed;
    ImageOutput output;
    output.image = row.image();
    if (row.has_predicted()) output.predicted = row.predicted();
    if (row.has_label()) output.label = row.label();
    output.logits_sha256 = row.logits_sha256();
    if (row.has_label_rank()) output.label_rank = row.label_rank();
    record.outputs.push_back(std::move(output));
  }
  return Record{record};
}

Result<LinkSample> read_sample(const wire::LinkSample& wire) {
  if (!plausible(wire.sent_ns()) || !plausible(wire.acknowledged_ns()) || wire.size() < 0) {
    return Error{"a malformed link sample was refused"};
  }
  return LinkSample{.to = {wire.to()},
                    .microbatch = {wire.microbatch()},
                    .sent = Time::at_ns(wire.sent_ns()),
                    .acknowledged = Time::at_ns(wire.acknowledged_ns()),
                    .size = Bytes(wire.size()),
                    .values = wire.values(),
                    .images = wire.images()};
}

std::optional<Outgoing> read_outgoing(const wire::Outgoing& wire) {
  const auto& sender = wire.sender();
  const bool sound = plausible(wire.encode_ns()) && plausible(sender.oldest_sent_ns()) &&
                     sender.in_flight_size() >= 0 && sender.ready_size() >= 0;
  if (!sound) return std::nullopt;
  return Outgoing{.microbatch = {wire.microbatch()},
                  .images = wire.images(),
                  .values = wire.values(),
                  .encode = Duration::ns(wire.encode_ns()),
                  .waiting = wire.waiting(),
                  .sender = {.in_flight = sender.in_flight(),
                             .in_flight_size = Bytes(sender.in_flight_size()),
                             .oldest_sent = Time::at_ns(sender.oldest_sent_ns()),
                             .ready = sender.ready(),
                             .ready_size = Bytes(sender.ready_size())}};
}

Result<Record> read(const wire::DecisionRecord& wire) {
  const auto outgoing = read_outgoing(wire.outgoing());
  const auto seen = static_cast<std::size_t>(wire.seen_size());
  if (!outgoing || !plain_word(wire.policy(), 64) || seen > DecisionRecord::kMaxSeen)
    return Error{"a malformed decision record was refused"};
  DecisionRecord record{.to = {wire.to()},
                        .policy = wire.policy(),
                        .bits_per_value = wire.bits_per_value(),
                        .observed_mbit_per_s = wire.observed_mbit_per_s(),
                        .outgoing = *outgoing,
                        .seen = {}};
  record.seen.reserve(seen);
  for (const auto& sample : wire.seen()) {
    auto read = read_sample(sample);
    if (!read) return read.error();
    record.seen.push_back(*read);
  }
  return Record{std::move(record)};
}

}  // namespace

void to_wire(const Record& record, wire::Record& wire) {
  if (const auto* stage = std::get_if<StageRecord>(&record)) fill(*stage, *wire.mutable_stage());
  if (const auto* completion = std::get_if<CompletionRecord>(&record))
    fill(*completion, *wire.mutable_completion());
  if (const auto* sample = std::get_if<LinkSample>(&record)) fill(*sample, *wire.mutable_sample());
  if (const auto* decision = std::get_if<DecisionRecord>(&record)) fill(*decision, *wire.mutable_decision());
}

Result<Record> from_wire(const wire::Record& wire) {
  if (wire.has_stage()) return read(wire.stage());
  if (wire.has_completion()) return read(wire.completion());
  if (wire.has_sample()) {
    auto sample = read_sample(wire.sample());
    if (!sample) return sample.error();
    return Record{*sample};
  }
  if (wire.has_decision()) return read(wire.decision());
  return Error{"a record of unknown kind was refused"};
}

}  // namespace millrace
