// One run is one directory, written as it goes and readable after a crash. Only wall.json and manifest.json
// depend on the wall clock: two virtual-time runs of one scenario have byte-identical CSV files.
//
//   manifest.json          versions, hashes, seed, host, exact command          at the start
//   scenario.resolved.yaml the scenario with every default written out          at the start
//   plan.yaml              stages, devices, layers                              at the start
//   microbatches.csv       one row per microbatch at the sink                   as it goes
//   stages.csv             one row per microbatch and stage                     as it goes
//   transfers.csv          one row per message between devices                  as it goes
//   decisions.csv          one row per choice of a quantization policy          as it goes
//   outputs.csv            one row per image: class and SHA-256 of its logits   as it goes
//   timeline.perfetto-trace  the run on a time line, for Perfetto viewers       as it goes
//   bandwidth.csv          rates of the simulated links over the run            at the end
//   links.csv              what passed each simulated link, per interval      at the end
//   FROM+TO.pcap           packets of a link that run.pcap names                as it goes
//   summary.json           the figures, also of a failed run                    at the end
//   wall.json              wall-clock facts                                     at the end
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/scenario/scenario.hpp"
#include "sim/coordinator/observer.hpp"
#include "sim/net/lateness_audit.hpp"
#include "sim/net/link_meter.hpp"
#include "sim/net/network_spec.hpp"
#include "sim/run/caveats.hpp"
#include "sim/run/csv_file.hpp"
#include "sim/run/run_facts.hpp"
#include "sim/run/summary.hpp"

namespace millrace {

// runs/NAME-MODE-TIME, a folder that does not exist yet.
std::string default_run_directory(const Scenario& scenario);

class RunDirectory final : public RunObserver {
 public:
  // Makes `path` (or takes an empty folder, or one with an earlier run, whose files are removed, with a
  // warning unless RunFacts::overwrite) and writes what is known at the start. `scenario` and `plan` outlive
  // it.
  static Result<std::unique_ptr<RunDirectory>> create(const std::string& path, const Scenario& scenario,
                                                      const Plan& plan, const RunFacts& facts);
  ~RunDirectory() override;

  void on_record(Time now, NodeId node, const Record& record) override;
  void on_transfer(const TransferRecord& transfer) override;
  bool interrupted() override;
  // Call when everything is built and started: separates setup_s from run_s in wall.json.
  void ready() { ready_ = std::chrono::steady_clock::now(); }

  // Writes summary.json, bandwidth.csv, links.csv and wall.json. `failure`: why the run ended early, if it
  // did; `links` and `meter` are null where the network was not simulated.
  Result<void> close(Time end, const std::optional<Error>& failure, const NetworkSpec* links,
                     LinkMeter* meter = nullptr);

  // How late links of this machine handed over their frames, for wall.json.
  void carried(LatenessCounts lateness) { links_late_ = std::move(lateness); }
  void emulated(EmulationFigures figures) { summary_.emulated(std::move(figures)); }
  const Summary& summary() const { return summary_; }
  std::string summary_json() const;
  std::string summary_table() const;
  const std::string& path() const { return path_; }
  // The latest instant in its records: how far a failed run came.
  Time latest() const { return latest_; }

 private:
  struct Files;
  RunDirectory(std::string path, const Scenario& scenario, const Plan& plan, RunFacts facts,
               std::unique_ptr<Files> files);
  void write(NodeId node, const StageRecord& record);
  void write(const CompletionRecord& record);
  void write(Time now, NodeId node, const DecisionRecord& record);
  void write(NodeId node, const LinkSample& sample);
  const std::string& device_name(NodeId node) const;

  std::string path_;
  const Scenario& scenario_;
  const Plan& plan_;
  RunFacts facts_;
  std::unique_ptr<Files> files_;
  Summary summary_;
  std::optional<Error> failure_;
  std::chrono::steady_clock::time_point began_, ready_;
  std::uint64_t transfers_ = 0;
  Time latest_;
  LatenessCounts links_late_;
};

}  // namespace millrace
