// An Outbox that records a node's requests, and short names for the events that tests give to nodes.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "runtime/node/node.hpp"

namespace millrace {

inline Time at(std::int64_t ms) { return Time::zero() + Duration::ms(ms); }
inline constexpr NodeId kUpstream{1}, kHere{2}, kDownstream{3};

class RecordingOutbox final : public Outbox {
 public:
  void send(NodeId to, Message message) override { sent.emplace_back(to, std::move(message)); }
  void compute(JobId job, Work work) override { jobs.emplace_back(job, std::move(work)); }
  void wake_at(Time when, TimerId timer) override { timers.emplace_back(when, timer); }
  void record(Record record) override { records.push_back(std::move(record)); }
  void finish() override { finished = true; }

  // Microbatches of the activations sent, in order.
  std::vector<std::uint64_t> activations() const {
    std::vector<std::uint64_t> numbers;
    for (const auto& [to, message] : sent) {
      if (const auto* activation = std::get_if<Activation>(&message))
        numbers.push_back(activation->microbatch.value);
    }
    return numbers;
  }
  const Activation& activation(std::size_t index) const {
    for (const auto& [to, message] : sent) {
      const auto* found = std::get_if<Activation>(&message);
      if (found != nullptr && index-- == 0) return *found;
    }
    ADD_FAILURE() << "no such activation was sent";
    static const Activation none;
    return none;
  }
  // "ack 3 +1", "+1", "ack 3" for each feedback sent, in order.
  std::vector<std::string> feedback() const {
    std::vector<std::string> words;
    for (const auto& [to, message] : sent) {
      const auto* found = std::get_if<Feedback>(&message);
      if (found == nullptr) continue;
      std::string word;
      if (found->acknowledged) word = "ack " + std::to_string(found->acknowledged->value);
      if (found->credits > 0)
        word += std::string(word.empty() ? "" : " ") + "+" + std::to_string(found->credits);
      words.push_back(word);
    }
    return words;
  }
  template <class Kind>
  std::vector<Kind> records_of() const {
    std::vector<Kind> found;
    for (const auto& record : records) {
      if (const auto* one = std::get_if<Kind>(&record)) found.push_back(*one);
    }
    return found;
  }
  void forget() { *this = RecordingOutbox(); }

  std::vector<std::pair<NodeId, Message>> sent;
  std::vector<std::pair<JobId, Work>> jobs;
  std::vector<std::pair<Time, TimerId>> timers;
  std::vector<Record> records;
  bool finished = false;
};

inline Activation microbatch(std::uint64_t number, std::uint32_t images = 4, std::int64_t bytes = 100) {
  return {.microbatch = {number},
          .first_image = number * 4,
          .images = images,
          .created = Time::zero(),
          .values = 25,
          .payload = {Bytes(bytes), nullptr}};
}
inline Feedback acknowledge(std::uint64_t number, std::uint32_t credits = 0) {
  return {MicrobatchId{number}, credits};
}
inline Feedback grant(std::uint32_t credits) { return {std::nullopt, credits}; }

inline Outcome outcome(std::int64_t bytes, WorkCost cost = {}) {
  Outcome made;
  made.output.size = Bytes(bytes);
  made.values = static_cast<std::uint64_t>(bytes) / 4;
  made.bit_width = 32;
  made.measured = cost;
  return made;
}

}  // namespace millrace
