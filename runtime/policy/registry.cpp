#include "runtime/policy/registry.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "runtime/policy/deadline_policy.hpp"
#include "runtime/policy/quantization_fixed.hpp"
#include "runtime/policy/windowed_policy.hpp"

namespace millrace {

namespace {

struct QuantizationRow {
  std::string_view name;
  std::unique_ptr<QuantizationPolicy> (*make)(const PolicySection::Quantization&);
};

template <class Policy>
std::unique_ptr<QuantizationPolicy> windowed(const PolicySection::Quantization& section) {
  return std::make_unique<Policy>(section.target_images_per_s, section.window);
}

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

}  // namespace

std::vector<std::string> quantization_policy_names() {
  std::vector<std::string> all;
  all.reserve(kQuantization.size());
  for (const auto& row : kQuantization) all.emplace_back(row.name);
  return all;
}

Result<std::unique_ptr<QuantizationPolicy>> make_quantization_policy(
    const PolicySection::Quantization& section) {
  for (const auto& row : kQuantization) {
    if (row.name == section.kind) return row.make(section);
  }
  return Error{fmt::format("no quantization policy is called \"{}\"; known: {}", section.kind,
                           fmt::join(quantization_policy_names(), ", ")),
               ExitCode::invalid_input};
}

}  // namespace millrace
