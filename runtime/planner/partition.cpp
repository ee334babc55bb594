#include "runtime/planner/partition.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace millrace {

namespace {

Result<Plan> cut(const PartitionRequest& request, const std::vector<int>& cuts) {
  Plan plan{request.source, request.sink, {}};
  int first = 1;
  for (std::size_t i = 0; i < request.devices.size(); ++i) {
    const int last = i < cuts.size() ? cuts[i] : request.sub_layers;
    plan.stages.push_back({request.devices[i], {first, last}});
    first = last + 1;
  }
  std::size_t devices = std::max(request.source.value, request.sink.value) + std::size_t{1};
  for (const auto device : request.devices) devices = std::max(devices, device.value + std::size_t{1});
  if (auto sound = check_plan(plan, request.sub_layers, devices); !sound) return sound.error();
  return plan;
}

}  // namespace

Result<std::vector<int>> even_cuts(int sub_layers, std::size_t devices) {
  const int stages = static_cast<int>(devices);
  if (devices == 0 || devices > static_cast<std::size_t>(sub_layers)) {
    return Error{fmt::format("partition even: {} devices cannot share {} sub-layers", devices, sub_layers),
                 ExitCode::invalid_input};
  }
  std::vector<int> cuts;
  int after = 0;
  for (int i = 0; i + 1 < stages; ++i) {
    after += sub_layers / stages + (i < sub_layers % stages ? 1 : 0);
    cuts.push_back(after);
  }
  return cuts;
}

Result<void> check_cuts(const std::vector<int>& cuts, int sub_layers, std::size_t devices) {
  if (devices != cuts.size() + 1) {
    return Error{
        fmt::format("partition fixed: {} cuts make {} stages, but {} devices are to run stages; give "
                    "policy.partition.devices or as many cuts as it takes",
                    cuts.size(), cuts.size() + 1, devices),
        ExitCode::invalid_input};
  }
  int before = 0;
  for (const int after : cuts) {
    if (after <= before || after >= sub_layers)
      return Error{fmt::format("partition fixed: a cut at {} is not between {} and {}, the model's end",
                               after, before, sub_layers),
                   ExitCode::invalid_input};
    before = after;
  }
  return {};
}

Result<Plan> plan_evenly(const PartitionRequest& request) {
  const auto cuts = even_cuts(request.sub_layers, request.devices.size());
  if (!cuts) return cuts.error();
  return cut(request, *cuts);
}

Result<Plan> plan_with_cuts(const PartitionRequest& request, const std::vector<int>& cuts) {
  if (auto sound = check_cuts(cuts, request.sub_layers, request.devices.size()); !sound) return sound.error();
  return cut(request, cuts);
}

}  // namespace millrace
