// An agent's figures for Prometheus: runs over the agent's life, the rest of the current or last run. For any
// thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>

#include "runtime/node/record.hpp"

namespace millrace {

class AgentMetrics {
 public:
  using Clock = std::chrono::steady_clock;
  // Throughput is measured over this period.
  static constexpr std::chrono::seconds kRecently{10};

  // A node of a run, such as "stage-1" on "board-a".
  struct Place {
    std::string node, device;
    auto operator<=>(const Place&) const = default;
  };

  void run_begins();
  void run_ends(bool well);
  // A microbatch has arrived at the node.
  void arrived(const Place& place);
  // `peer`: for link samples, the receiving node.
  void recorded(const Place& place, const Record& record, const Place& peer, Clock::time_point now);
  void sent(const Place& from, const Place& to, std::uint64_t bytes);

  // In Prometheus' text format, version 0.0.4. Figures of a run stay until the next one begins.
  std::string text(Clock::time_point now) const;

 private:
  struct Node {
    std::uint64_t microbatches = 0, images = 0, arrived = 0;
    double compute_s = 0, encode_s = 0, decode_s = 0;
    double bits_per_value = 0;
    std::deque<std::pair<Clock::time_point, std::uint32_t>> recent;  // images
  };
  struct Link {
    std::uint64_t bytes = 0;
    double goodput_mbit_per_s = 0;
  };
  using LinkKey = std::pair<Place, Place>;

  void done(Node& node, std::uint32_t images, Clock::time_point now);

  mutable std::mutex mutex_;
  std::uint64_t runs_well_ = 0, runs_failed_ = 0;
  bool running_ = false;
  std::map<Place, Node> nodes_;
  std::map<LinkKey, Link> links_;
};

// The resident memory of this process, from the kernel; 0 if unknown.
std::uint64_t resident_memory_bytes();

}  // namespace millrace
