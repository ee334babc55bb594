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
}

void fill(const DecisionRecord& record, wire::DecisionRecord& wire) {
  wire.set_to(record.to.value);
  wire.set_microbatch(record.microbatch.value);
  wire.set_policy(record.policy);
  wire.set_bits_per_value(record.bits_per_value);
  wire.set_observed_mbit_per_s(record.observed_mbit_per_s);
}

// Sums of instants and costs must not overflow whoever adds them up: a run is shorter than 36 years.
bool plausible(std::int64_t ns) { return ns >= 0 && ns < (std::int64_t{1} << 60); }

// Goes into CSV files as it is.
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
    const auto& sample = wire.sample();
    if (!plausible(sample.sent_ns()) || !plausible(sample.acknowledged_ns()) || sample.size() < 0) {
      return Error{"a malformed link sample was refused"};
    }
    return Record{LinkSample{.to = {sample.to()},
                             .microbatch = {sample.microbatch()},
                             .sent = Time::at_ns(sample.sent_ns()),
                             .acknowledged = Time::at_ns(sample.acknowledged_ns()),
                             .size = Bytes(sample.size()),
                             .values = sample.values()}};
  }
  if (wire.has_decision()) {
    const auto& decision = wire.decision();
    if (!plain_word(decision.policy(), 64)) return Error{"a malformed decision record was refused"};
    return Record{DecisionRecord{.to = {decision.to()},
                                 .microbatch = {decision.microbatch()},
                                 .policy = decision.policy(),
                                 .bits_per_value = decision.bits_per_value(),
                                 .observed_mbit_per_s = decision.observed_mbit_per_s()}};
  }
  return Error{"a record of unknown kind was refused"};
}

}  // namespace millrace
