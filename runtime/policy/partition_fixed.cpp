#include "runtime/policy/partition_fixed.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

Result<Plan> plan_with_cuts(const PartitionRequest& request, const std::vector<int>& cuts) {
  for (const int cut : cuts) {
    if (cut >= 1 && cut < request.model.sub_layers()) continue;
    return Error{fmt::format("partition: a cut at {} is outside 1..{}", cut, request.model.sub_layers() - 1),
                 ExitCode::invalid_input};
  }
  Plan plan{request.source, request.sink, {}};
  int first = 1;
  for (std::size_t i = 0; i < request.devices.size(); ++i) {
    const int last = i < cuts.size() ? cuts[i] : request.model.sub_layers();
    plan.stages.push_back({request.devices[i], {first, last}});
    first = last + 1;
  }
  std::size_t devices = std::max(request.source.value, request.sink.value) + std::size_t{1};
  for (const auto device : request.devices) devices = std::max(devices, device.value + std::size_t{1});
  if (auto sound = check_plan(plan, request.model.sub_layers(), devices); !sound) return sound.error();
  return plan;
}

}  // namespace

Result<Plan> FixedPartition::plan(const PartitionRequest& request) const {
  if (request.devices.size() != request.cuts.size() + 1) {
    return Error{
        fmt::format("partition fixed: {} cuts make {} stages, but {} devices are to run stages; give "
                    "policy.partition.devices or as many cuts as it takes",
                    request.cuts.size(), request.cuts.size() + 1, request.devices.size()),
        ExitCode::invalid_input};
  }
  return plan_with_cuts(request, request.cuts);
}

Result<Plan> EvenPartition::plan(const PartitionRequest& request) const {
  const int layers = request.model.sub_layers();
  const int stages = static_cast<int>(request.devices.size());
  if (stages == 0 || stages > layers) {
    return Error{fmt::format("partition even: {} devices cannot share {} sub-layers", stages, layers),
                 ExitCode::invalid_input};
  }
  std::vector<int> cuts;
  int cut = 0;
  for (int i = 0; i + 1 < stages; ++i) {
    cut += layers / stages + (i < layers % stages ? 1 : 0);
    cuts.push_back(cut);
  }
  return plan_with_cuts(request, cuts);
}

}  // namespace millrace
