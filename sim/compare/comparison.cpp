#include "sim/compare/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <tuple>

#include "runtime/base/check.hpp"

namespace millrace {
namespace {

using Figure = std::optional<double>;

Figure relative(const Figure& run, const Figure& reference) {
  if (!run || !reference || *reference == 0) return std::nullopt;
  return (*run - *reference) / *reference;
}

Figure difference(const Figure& run, const Figure& reference) {
  if (!run || !reference) return std::nullopt;
  return *run - *reference;
}

std::vector<StageShares> attribution_errors(const ComparedRun& run, const ComparedRun& reference) {
  const auto same_device = [](const StageShares& a, const StageShares& b) { return a.device == b.device; };
  if (!std::ranges::equal(run.stages, reference.stages, same_device)) return {};
  std::vector<StageShares> errors;
  for (std::size_t i = 0; i < run.stages.size(); ++i) {
    StageShares error{.device = run.stages[i].device, .share = {}};
    for (std::size_t k = 0; k < error.share.size(); ++k)
      error.share[k] = difference(run.stages[i].share[k], reference.stages[i].share[k]);
    errors.push_back(std::move(error));
  }
  return errors;
}

RunErrors errors_of(const ComparedRun& run, const ComparedRun& reference) {
  return {.throughput = relative(run.throughput_images_per_s, reference.throughput_images_per_s),
          .p50 = relative(run.p50_ms, reference.p50_ms),
          .p95 = relative(run.p95_ms, reference.p95_ms),
          .p99 = relative(run.p99_ms, reference.p99_ms),
          .bits = difference(run.bits_per_value, reference.bits_per_value),
          .top1 = difference(run.top1, reference.top1),
          .attribution = attribution_errors(run, reference)};
}

std::vector<ComparisonGroup> groups_of(Comparison& comparison) {
  std::vector<ComparisonGroup> groups;
  std::map<std::string, std::size_t> group_of;
  for (std::size_t i = 0; i < comparison.runs.size(); ++i) {
    const auto [known, is_new] = group_of.emplace(comparison.runs[i].experiment, groups.size());
    if (is_new) groups.emplace_back();
    groups[known->second].runs.push_back(i);
  }
  const bool lonely = groups.size() > 1 &&
                      std::ranges::all_of(groups, [](const auto& group) { return group.runs.size() == 1; });
  if (!lonely) return groups;
  comparison.one_experiment_each = true;
  ComparisonGroup all;
  for (std::size_t i = 0; i < comparison.runs.size(); ++i) all.runs.push_back(i);
  return {all};
}

// The larger, the nearer the run is to reality.
std::tuple<int, bool, int> reality_of(const ComparedRun& run) {
  if (run.mode != "deploy") return {0, run.complete, 0};
  if (run.without_links()) return {-1, run.complete, 0};
  const int links = run.network == "netns" ? 3 : (run.link_conditions == "given" ? 2 : 1);
  return {links, run.complete, run.compute == "measured" ? 1 : 0};
}

// The group's first run in that world, if any.
std::optional<std::size_t> run_in(const Comparison& comparison, const ComparisonGroup& group,
                                  const std::string& world) {
  const auto found = std::ranges::find_if(
      group.runs, [&](std::size_t run) { return comparison.runs[run].world() == world; });
  return found == group.runs.end() ? std::nullopt : std::optional(*found);
}

std::size_t reference_of(const Comparison& comparison, const ComparisonGroup& group,
                         std::optional<std::size_t> wanted) {
  if (wanted) {
    if (std::ranges::find(group.runs, *wanted) != group.runs.end()) return *wanted;
    if (const auto alike = run_in(comparison, group, comparison.runs[*wanted].world())) return *alike;
  }
  std::size_t best = group.runs.front();
  for (const auto run : group.runs)
    if (reality_of(comparison.runs[run]) > reality_of(comparison.runs[best])) best = run;
  return best;
}

// Labels by the first naming scheme that tells all runs apart.
std::vector<std::string> labels_of(const std::vector<ComparedRun>& runs) {
  const auto folder = [](const ComparedRun& run) {
    auto path = std::filesystem::path(run.directory).lexically_normal();
    return (path.has_filename() ? path.filename() : path.parent_path().filename()).string();
  };
  using Name = std::function<std::string(const ComparedRun&)>;
  const Name names[] = {
      [](const ComparedRun& run) { return run.world(); },
      [](const ComparedRun& run) { return run.world() + " " + run.short_policy; },
      [&](const ComparedRun& run) { return run.world() + " " + folder(run); },
      [](const ComparedRun& run) { return run.world() + " " + run.directory; },
  };
  std::vector<std::string> labels(runs.size());
  for (const auto& name : names) {
    std::ranges::transform(runs, labels.begin(), name);
    if (std::set<std::string>(labels.begin(), labels.end()).size() == labels.size()) return labels;
  }
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] += fmt::format(" #{}", i + 1);
  return labels;
}

// Adds this pair of groups to the ranking of every other world.
void rank(const Comparison& comparison, const ComparisonGroup& one, const ComparisonGroup& other,
          std::map<std::pair<std::string, std::string>, WorldRanking>& rankings) {
  const auto throughput = [&](std::size_t run) {
    return comparison.runs[run].throughput_images_per_s.value_or(0);
  };
  const auto& reference = comparison.runs[one.reference];
  const auto peer = run_in(comparison, other, reference.world());
  if (!peer || comparison.runs[other.reference].world() != reference.world()) return;
  const bool in_order = throughput(one.reference) >= throughput(*peer);
  const std::size_t first = in_order ? one.reference : *peer, second = in_order ? *peer : one.reference;
  if (throughput(first) - throughput(second) <= kRankingMargin * throughput(first)) return;
  std::vector<std::string> seen{reference.world()};
  for (const auto run : one.runs) {
    const auto world = comparison.runs[run].world();
    const auto matching = run_in(comparison, other, world);
    if (!matching || std::ranges::find(seen, world) != seen.end()) continue;
    seen.push_back(world);
    const double lead = throughput(run) - throughput(*matching);
    auto& ranking = rankings[{world, reference.world()}];
    ranking.world = world;
    ranking.reference = reference.world();
    ranking.pairs.push_back({first, second, in_order ? lead > 0 : lead < 0});
  }
}

std::vector<WorldRanking> rankings_of(const Comparison& comparison) {
  std::map<std::pair<std::string, std::string>, WorldRanking> rankings;
  const auto& groups = comparison.groups;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (std::size_t j = i + 1; j < groups.size(); ++j) {
      const auto& one = comparison.runs[groups[i].reference];
      const auto& other = comparison.runs[groups[j].reference];
      if (one.problem == other.problem) rank(comparison, groups[i], groups[j], rankings);
    }
  }
  std::vector<WorldRanking> list;
  list.reserve(rankings.size());
  for (auto& [worlds, ranking] : rankings) list.push_back(std::move(ranking));
  return list;
}

}  // namespace

std::optional<double> RunErrors::worst_attribution() const {
  std::optional<double> worst;
  for (const auto& stage : attribution) {
    for (std::size_t k = 0; k < stage.share.size(); ++k) {
      if (kAttributionNames[k] == "queue" || !stage.share[k]) continue;
      if (!worst || std::abs(*stage.share[k]) > std::abs(*worst)) worst = stage.share[k];
    }
  }
  return worst;
}

std::size_t WorldRanking::agreeing() const {
  return static_cast<std::size_t>(std::ranges::count_if(pairs, &RankedPair::agrees));
}

Comparison compare_runs(std::vector<ComparedRun> runs, std::optional<std::size_t> reference) {
  MR_CHECK(!runs.empty(), "a comparison of nothing");
  MR_CHECK(!reference || *reference < runs.size(), "a reference that is not one of the runs");
  Comparison comparison;
  comparison.runs = std::move(runs);
  comparison.groups = groups_of(comparison);
  comparison.labels = labels_of(comparison.runs);
  comparison.errors.resize(comparison.runs.size());
  comparison.other_links.resize(comparison.runs.size());
  for (auto& group : comparison.groups) {
    group.reference = reference_of(comparison, group, reference);
    for (const auto run : group.runs) {
      if (run == group.reference) continue;
      const auto& one = comparison.runs[run];
      const auto& other = comparison.runs[group.reference];
      comparison.errors[run] = errors_of(one, other);
      comparison.other_links[run] = one.without_links() != other.without_links();
    }
  }
  comparison.rankings = rankings_of(comparison);
  return comparison;
}

}  // namespace millrace
