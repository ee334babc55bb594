// timeline.perfetto-trace: the run as slices on tracks, for ui.perfetto.dev or any other Perfetto viewer.
// Written as the run goes, whole packets at a time; a truncated file is still a trace. A device is a track
// with sub-tracks: its stage (decode, compute, encode), its bit width, and its activations on the wire to
// each neighbour. Slices of one track must not overlap, so a link has as many lanes as it needs.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/planner/plan.hpp"
#include "runtime/scenario/scenario.hpp"
#include "sim/coordinator/observer.hpp"
#include "sim/run/append_file.hpp"

namespace millrace {

class Timeline {
 public:
  // `scenario` and `plan` outlive the timeline. An error names the path.
  static Result<std::unique_ptr<Timeline>> create(const std::string& path, const Scenario& scenario,
                                                  const Plan& plan);
  ~Timeline();
  Timeline(const Timeline&) = delete;
  Timeline& operator=(const Timeline&) = delete;

  void add(NodeId stage, const StageRecord& record);
  void add(const TransferRecord& transfer);
  Result<void> close();

 private:
  struct Lane {
    std::uint64_t track;
    Time free;
  };
  struct Slice {
    std::uint64_t track;
    Time begin, end;
    std::string name;
    const char* category;
  };
  Timeline(AppendFile file, const Scenario& scenario, const Plan& plan);
  std::uint64_t add_track(const std::string& name, std::uint64_t parent, const char* counter_unit = nullptr);
  std::uint64_t lane_of(NodeId from, NodeId to, Time begin, Time end);
  void add(const Slice& slice);

  AppendFile file_;
  const Scenario& scenario_;
  const Plan& plan_;
  std::uint64_t tracks_ = 0;
  std::vector<std::uint64_t> devices_, stages_, bit_widths_;
  std::map<std::pair<NodeId, NodeId>, std::vector<Lane>> lanes_;
};

}  // namespace millrace
