// Errors between runs, as numbers. Runs of one experiment (ComparedRun::experiment) form a group and are
// compared with the group's reference: the one that the user names; else the run nearest to reality: one over
// shaped links, then one of devices on their own network, complete before incomplete, measured before
// imitated compute; else the first. A deployed run whose links were not applied does not count as real. Where
// no experiment has two runs, all runs are one group.
//
//   throughput, p50, p95, p99   (run - reference) / reference
//   bits, top-1, attribution    run - reference: bits per value, share of the images, share of the duration
//
// An error is absent where either run lacks the figure, or where the reference is 0. The reference has no
// errors. Where links were applied in only one of the two runs, the same figures are differences, not errors.
//
// Ranking: two groups of one problem (equal except for the policies) are a pair. A pair counts where the
// throughputs of their runs in the reference's world differ by more than kRankingMargin of the larger;
// another world agrees when it ranks the same group first.
#pragma once

#include "sim/compare/compared_run.hpp"

namespace millrace {

inline constexpr double kRankingMargin = 0.02;

struct RunErrors {
  std::optional<double> throughput, p50, p95, p99, bits, top1;
  // Per stage, in the order of kAttributionNames; empty where the runs do not have the same stages.
  std::vector<StageShares> attribution;
  // The error of largest magnitude; `queue` is left out: it is summed over microbatches and can exceed 1.
  std::optional<double> worst_attribution() const;
};

struct ComparisonGroup {
  std::vector<std::size_t> runs;  // indices, in the order given
  std::size_t reference = 0;      // one of them
};

struct RankedPair {
  std::size_t first = 0, second = 0;  // the reference world's runs; `first` is the faster
  bool agrees = false;
};

struct WorldRanking {
  std::string world, reference;
  std::vector<RankedPair> pairs;  // the pairs that count
  std::size_t agreeing() const;
};

struct Comparison {
  std::vector<ComparedRun> runs;
  std::vector<RunErrors> errors;    // one per run
  std::vector<std::string> labels;  // one per run, no two equal: mode and network, and more where needed
  std::vector<bool> other_links;    // one per run: its `errors` are differences due to links not applied
  std::vector<ComparisonGroup> groups;
  std::vector<WorldRanking> rankings;
  bool one_experiment_each = false;  // scenarios differ within the one group
};

// REQUIRES at least one run, and that `reference` is one of them. Groups that do not contain it take a run of
// its world as their reference.
Comparison compare_runs(std::vector<ComparedRun> runs, std::optional<std::size_t> reference = {});

std::string comparison_json(const Comparison& comparison);
// For people: a table per group, where time went, the ranking.
std::string comparison_table(const Comparison& comparison);

}  // namespace millrace
