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
  std::string mode, network;             // as in the manifest: "deploy", "netns"
  std::string policy;                    // for people: "fixed uniform, 8 bits; even"
  std::string short_policy;              // "uniform 8", "deadline klt"
  std::string compute, link_conditions;  // as in the summary; empty: a run of an earlier release
  struct Caveat {
    std::string id, text;
  };
  std::vector<Caveat> caveats;
  // Equal for runs of one experiment: the scenario without the keys that say how to run it (run.mode,
  // run.links, network.kind, run.timeout, expect, …). `problem` leaves the policies out too.
  std::string experiment, problem;
  bool complete = false;
  std::optional<double> throughput_images_per_s, p50_ms, p95_ms, p99_ms, bits_per_value, top1;
  std::vector<StageShares> stages;

  // "deploy/netns": comparisons are between two worlds.
  std::string world() const { return mode + "/" + network; }
  // Whether the scenario's links were not applied: a difference from a run where they were is due to the
  // links and is not an error of either run.
  bool without_links() const { return link_conditions == "not applied"; }
};

// Errors have ExitCode::invalid_input and name the missing or damaged file. A failed run that left its
// figures is read, with `complete` false.
Result<ComparedRun> read_compared_run(const std::string& directory);

// The texts of three files of a run directory. Errors name the file, in `directory`.
struct RunTexts {
  std::string manifest, summary, scenario;
};
Result<ComparedRun> parse_compared_run(const std::string& directory, const RunTexts& texts);

}  // namespace millrace
