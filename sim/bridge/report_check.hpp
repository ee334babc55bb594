// Checks what an agent reports of its nodes before it is believed: every number must be possible in this run.
// Microbatches come in order, each once, so what an agent may report is bounded by the run; anything beyond
// that is refused.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/wire/messages.hpp"

namespace millrace {

class ReportCheck {
 public:
  // Both outlive the check.
  ReportCheck(const Scenario& scenario, const Plan& plan);

  // The clocks of source and sink may differ by as much as `apart`. Zero, if not called: they share one
  // clock, and no microbatch is complete before it was created.
  void clocks(Duration apart) { clocks_apart_ = apart; }
  // Records that `node` hands over at `now` on its clock. No clock of the run is beyond `latest`.
  struct Said {
    NodeId node;
    Time now, latest;
    const std::vector<Record>& records;
    bool finished = false;
  };
  // An error names the node and what is impossible. After an error, nothing of the run is to be believed.
  Result<void> take(const Said& said);
  // Checks a message that passes the host on its way from node to node.
  Result<void> check(const NodeMessage& message, Time latest) const;

  // Bytes of the largest message with records that an honest agent sends: a larger one is refused unread.
  std::size_t largest() const;

 private:
  // The next microbatch of each kind of record.
  struct Progress {
    std::uint64_t staged = 0, completed = 0, sampled = 0, decided = 0;
    Time now;
    Duration worked;
  };
  Result<void> take(const Said& said, Progress& progress, const StageRecord& record) const;
  Result<void> take(const Said& said, Progress& progress, const CompletionRecord& record) const;
  Result<void> take(const Said& said, Progress& progress, const LinkSample& record) const;
  Result<void> take(const Said& said, Progress& progress, const DecisionRecord& record) const;
  Result<void> whole(NodeId node, MicrobatchId microbatch, std::uint32_t images) const;
  Result<void> next(NodeId node, MicrobatchId microbatch, std::uint32_t images,
                    std::uint64_t& expected) const;
  Result<void> sound(NodeId node, const LinkSample& sample, Time now) const;
  Error refused(NodeId node, const std::string& finding) const;

  const Scenario& scenario_;
  const Plan& plan_;
  Duration clocks_apart_;
  std::vector<Progress> nodes_;
};

}  // namespace millrace
