#include "runtime/policy/registry.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "runtime/policy/deadline_policy.hpp"
#include "runtime/policy/partition_fixed.hpp"
#include "runtime/policy/quantization_fixed.hpp"
#include "runtime/policy/windowed_policy.hpp"

namespace millrace {

namespace {

struct PartitionRow {
  std::string_view name;
  std::unique_ptr<PartitionPolicy> (*make)();
};
struct QuantizationRow {
  std::string_view name;
  std::unique_ptr<QuantizationPolicy> (*make)(const PolicySection::Quantization&);
};

template <class Policy>
std::unique_ptr<QuantizationPolicy> windowed(const PolicySection::Quantization& section) {
  return std::make_unique<Policy>(section.target_images_per_s, section.window);
}

constexpr std::array kPartition = {
    PartitionRow{"even", [] { return std::unique_ptr<PartitionPolicy>(new EvenPartition); }},
    PartitionRow{"fixed", [] { return std::unique_ptr<PartitionPolicy>(new FixedPartition); }},
};
constexpr std::array kQuantization = {
    QuantizationRow{"fixed",
                    [](const PolicySection::Quantization& section) {
                      return std::unique_ptr<QuantizationPolicy>(new FixedQuantization(Budget{section.bits}));
                    }},
    QuantizationRow{"heuristic", windowed<HeuristicQuantization>},
    QuantizationRow{"max-fit", windowed<MaxFitQuantization>},
    QuantizationRow{"controller", windowed<ControllerQuantization>},
    QuantizationRow{"deadline",
                    [](const PolicySection::Quantization& section) {
                      return std::unique_ptr<QuantizationPolicy>(
                          new DeadlineQuantization(section.target_images_per_s));
                    }},
};

template <class Table>
std::vector<std::string> names(const Table& table) {
  std::vector<std::string> all;
  all.reserve(table.size());
  for (const auto& row : table) all.emplace_back(row.name);
  return all;
}

Error unknown(std::string_view what, std::string_view name, const std::vector<std::string>& known) {
  return {fmt::format("no {} policy is called \"{}\"; known: {}", what, name, fmt::join(known, ", ")),
          ExitCode::invalid_input};
}

}  // namespace

std::vector<std::string> partition_policy_names() { return names(kPartition); }
std::vector<std::string> quantization_policy_names() { return names(kQuantization); }

Result<std::unique_ptr<PartitionPolicy>> make_partition_policy(std::string_view kind) {
  for (const auto& row : kPartition) {
    if (row.name == kind) return row.make();
  }
  return unknown("partition", kind, partition_policy_names());
}

Result<std::unique_ptr<QuantizationPolicy>> make_quantization_policy(
    const PolicySection::Quantization& section) {
  for (const auto& row : kQuantization) {
    if (row.name == section.kind) return row.make(section);
  }
  return unknown("quantization", section.kind, quantization_policy_names());
}

Result<Plan> make_plan(const Scenario& scenario) {
  auto policy = make_partition_policy(scenario.policy.partition.kind);
  if (!policy) return policy.error();
  PartitionRequest request{.model = scenario.model.config,
                           .source = {},
                           .sink = {},
                           .devices = {},
                           .cuts = scenario.policy.partition.cuts};
  const auto& chosen = scenario.policy.partition.devices;
  for (const auto& name : chosen) {
    for (std::uint32_t i = 0; i < scenario.devices.size(); ++i) {
      if (scenario.devices[i].name == name) request.devices.push_back({i});
    }
  }
  for (std::uint32_t i = 0; i < scenario.devices.size(); ++i) {
    const auto& device = scenario.devices[i];
    if (device.source) request.source = {i};
    if (device.sink) request.sink = {i};
    if (device.stage && chosen.empty()) request.devices.push_back({i});
  }
  return (*policy)->plan(request);
}

}  // namespace millrace
