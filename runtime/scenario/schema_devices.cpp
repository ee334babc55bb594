// The keys of `devices`.
#include <algorithm>

#include "runtime/scenario/tables.hpp"

namespace millrace {
namespace {

struct Role {
  std::string_view name;
  bool DeviceSection::*field;
};
constexpr std::array<Role, 3> kRoles{
    {{"source", &DeviceSection::source}, {"sink", &DeviceSection::sink}, {"stage", &DeviceSection::stage}}};

// A list of roles in the file, a flag per role in the struct.
Row<DeviceSection> runs_row() {
  Key key{.path = "runs",
          .kind = ValueKind::list,
          .doc = "What the device is for; one device is the source and one the sink. Default: [stage].",
          .min_items = 1,
          .max_items = 3};
  Key role{.path = "runs[]", .kind = ValueKind::choice, .doc = "A role."};
  for (const Role& known : kRoles) role.choices.emplace_back(known.name);
  return {.key = std::move(key),
          .fill =
              [](const Fields& in, const std::string& at, DeviceSection& device) {
                const auto given = texts_at(in, at);
                if (given.empty()) return;
                for (const Role& known : kRoles)
                  device.*known.field = std::ranges::find(given, known.name) != given.end();
              },
          .text =
              [](const DeviceSection& device) {
                std::vector<std::string> has;
                for (const Role& known : kRoles) {
                  if (device.*known.field) has.emplace_back(known.name);
                }
                return flow_list_text(has);
              },
          .below = {{std::move(role)}, {}}};
}

void add_compute(Table<DeviceSection>& table) {
  table.key(&DeviceSection::profile,
            {.path = "profile",
             .kind = ValueKind::path,
             .doc = "Device profile: measured times per sub-layer that compute is charged by."});
  table.key(&DeviceSection::flop_per_s,
            {.path = "speed",
             .unit = Unit::speed,
             .doc = "Instead of a profile: compute is charged by its number of operations.",
             .high = 1e18,
             .low_open = true});
  table.key(&DeviceSection::memory,
            {.path = "memory", .doc = "Memory for weights and activations. Default: no limit.", .least = 1});
  table.key(&DeviceSection::threads,
            {.path = "threads", .doc = "Threads LibTorch uses on the device.", .least = 1, .most = 1'024});
  table.key(&DeviceSection::slowdown,
            {.path = "slowdown",
             .doc = "With `run.compute: measured`: charged time is measured time times this.",
             .high = 1e6,
             .low_open = true});
  table.key(&DeviceSection::torch_device,
            {.path = "torch_device",
             .kind = ValueKind::text,
             .doc = "Where LibTorch computes on the device: `cpu`, `cuda` or `cuda:N`."});
  table.alternative({{"profile"}, {"speed"}}, false);
}

}  // namespace

const Table<DeviceSection>& device_table() {
  static const Table<DeviceSection> table = [] {
    Table<DeviceSection> made;
    made.key(&DeviceSection::name, {.path = "name", .doc = "Unique name.", .required = true});
    made.row(runs_row());
    add_compute(made);
    made.key(&DeviceSection::address,
             {.path = "address",
              .kind = ValueKind::text,
              .doc = "HOST:PORT where `millrace-node agent --listen` serves the device; with it, mode "
                     "`deploy` connects there. All devices have one, or none."});
    return made;
  }();
  return table;
}

}  // namespace millrace
