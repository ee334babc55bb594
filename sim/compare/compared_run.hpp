// One run directory as a row of a comparison: its figures, and which experiment it is a run of.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"

namespace millrace {

inline constexpr std::array<std::string_view, 6> kAttributionNames{"compute", "encode",  "decode",
                                                                   "queue",   "blocked", "idle"};

// Where one stage's time went, as shares of the run's duration, in the order of kAttributionNames.
struct StageShares {
  std::string device;
  std::array<std::optional<double>, kAttributionNames.size()> share;
};

struct ComparedRun {
  std::string directory;
  std::string scenario;                  // its name
  std::string mode, network;             // as the manifest has them: "deploy", "netns"
  std::string policy;                    // for people: "fixed uniform, 8 bits; even"
  std::string short_policy;              // "uniform 8", "deadline klt"
  std::string compute, link_conditions;  // as the summary has them; empty: a run of an earlier release
  struct Caveat {
    std::string id, text;
  };
  std::vector<Caveat> caveats;
  // The same for runs of one experiment: the scenario without what says how it is run (run.mode, run.links,
  // network.kind, run.timeout, expect, …). `problem` leaves the policies out too.
  std::string experiment, problem;
  bool complete = false;
  std::optional<double> throughput_images_per_s, p50_ms, p95_ms, p99_ms, bits_per_value, top1;
  std::vector<StageShares> stages;

  // "deploy/netns": what is compared with what.
  std::string world() const { return mode + "/" + network; }
  // Whether what the scenario says of its links had no effect: a difference to a run where it had is that of
  // the links, and no error of either.
  bool without_links() const { return link_conditions == "not applied"; }
};

// Errors carry ExitCode::invalid_input and say which file is missing or damaged. A run that failed but left
// its figures is read (`complete` is false).
Result<ComparedRun> read_compared_run(const std::string& directory);

// What is in three of its files. Errors name the file, in `directory`.
struct RunTexts {
  std::string manifest, summary, scenario;
};
Result<ComparedRun> parse_compared_run(const std::string& directory, const RunTexts& texts);

}  // namespace millrace
