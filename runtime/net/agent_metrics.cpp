#include "runtime/net/agent_metrics.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>

namespace millrace {

namespace {

void family(std::string& out, const char* name, const char* type, const char* help) {
  out += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}

// Device names are checked when scenarios are read: nothing in them needs escaping.
std::string labels(const AgentMetrics::Place& place) {
  return fmt::format("{{device=\"{}\",node=\"{}\"}}", place.device, place.node);
}

}  // namespace

void AgentMetrics::run_begins() {
  const std::lock_guard lock(mutex_);
  running_ = true;
  nodes_.clear();
  links_.clear();
}

void AgentMetrics::run_ends(bool well) {
  const std::lock_guard lock(mutex_);
  running_ = false;
  ++(well ? runs_well_ : runs_failed_);
}

void AgentMetrics::arrived(const Place& place) {
  const std::lock_guard lock(mutex_);
  ++nodes_[place].arrived;
}

void AgentMetrics::done(Node& node, std::uint32_t images, Clock::time_point now) {
  ++node.microbatches;
  node.images += images;
  node.recent.emplace_back(now, images);
  while (node.recent.front().first < now - kRecently) node.recent.pop_front();
}

void AgentMetrics::recorded(const Place& place, const Record& record, const Place& peer,
                            Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  Node& node = nodes_[place];
  if (const auto* stage = std::get_if<StageRecord>(&record)) {
    done(node, stage->images, now);
    node.compute_s += stage->cost.compute.seconds();
    node.encode_s += stage->cost.encode.seconds();
    node.decode_s += stage->cost.decode.seconds();
    node.bits_per_value = stage->bit_width;
  } else if (const auto* completion = std::get_if<CompletionRecord>(&record)) {
    done(node, completion->images, now);
  } else if (const auto* sample = std::get_if<LinkSample>(&record)) {
    const double took_s = (sample->acknowledged - sample->sent).seconds();
    if (took_s > 0)
      links_[{place, peer}].goodput_mbit_per_s = static_cast<double>(sample->size.count()) * 8e-6 / took_s;
  }
}

void AgentMetrics::sent(const Place& from, const Place& to, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  links_[{from, to}].bytes += bytes;
}

std::string AgentMetrics::text(Clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  std::string out;
  const auto per_node = [&](const char* name, const char* type, const char* help, const auto& value) {
    family(out, name, type, help);
    for (const auto& [place, node] : nodes_)
      out += fmt::format("{}{} {}\n", name, labels(place), value(node));
  };
  const auto per_link = [&](const char* name, const char* type, const char* help, const auto& value) {
    family(out, name, type, help);
    for (const auto& [ends, link] : links_) {
      out +=
          fmt::format("{}{{device=\"{}\",node=\"{}\",to_device=\"{}\",to_node=\"{}\"}} {}\n", name,
                      ends.first.device, ends.first.node, ends.second.device, ends.second.node, value(link));
    }
  };
  family(out, "millrace_runs_total", "counter", "Runs served since the agent was started.");
  out += fmt::format("millrace_runs_total{{result=\"ok\"}} {}\nmillrace_runs_total{{result=\"failed\"}} {}\n",
                     runs_well_, runs_failed_);
  family(out, "millrace_run_in_progress", "gauge", "1 while a run is served.");
  out += fmt::format("millrace_run_in_progress {}\n", running_ ? 1 : 0);
  per_node("millrace_microbatches_total", "counter", "Microbatches done in this run.",
           [](const Node& node) { return node.microbatches; });
  per_node("millrace_images_total", "counter", "Images done in this run.",
           [](const Node& node) { return node.images; });
  per_node("millrace_throughput_images_per_second", "gauge", "Images done in the last 10 s, per second.",
           [&](const Node& node) {
             std::uint64_t images = 0;
             for (const auto& [when, count] : node.recent) images += when >= now - kRecently ? count : 0;
             return static_cast<double>(images) / std::chrono::duration<double>(kRecently).count();
           });
  per_node("millrace_queue_depth", "gauge", "Microbatches that have come and are not done.",
           [](const Node& node) {
             return node.arrived > node.microbatches ? node.arrived - node.microbatches : 0;
           });
  per_node("millrace_bits_per_value", "gauge", "Bits per value of the last activation sent.",
           [](const Node& node) { return node.bits_per_value; });
  per_node("millrace_compute_seconds_total", "counter", "Time charged for computing.",
           [](const Node& node) { return node.compute_s; });
  per_node("millrace_encode_seconds_total", "counter", "Time charged for encoding.",
           [](const Node& node) { return node.encode_s; });
  per_node("millrace_decode_seconds_total", "counter", "Time charged for decoding.",
           [](const Node& node) { return node.decode_s; });
  per_link("millrace_link_sent_bytes_total", "counter", "Frames sent to a neighbour in this run.",
           [](const Link& link) { return link.bytes; });
  per_link("millrace_link_goodput_mbit_per_second", "gauge",
           "Size of the last acknowledged activation over the time to its acknowledgement.",
           [](const Link& link) { return link.goodput_mbit_per_s; });
  family(out, "process_resident_memory_bytes", "gauge", "Resident memory of the agent.");
  out += fmt::format("process_resident_memory_bytes {}\n", resident_memory_bytes());
  return out;
}

std::uint64_t resident_memory_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t whole = 0, resident = 0;
  file >> whole >> resident;
  return file ? resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace millrace
