// The machines: keys of `devices`.
#include "runtime/scenario/schema_rows.hpp"

namespace millrace {

using Kind = ValueKind;

void add_devices(std::vector<Key>& keys) {
  keys.push_back({.path = "devices",
                  .kind = Kind::list,
                  .doc = "The machines.",
                  .required = true,
                  .min_items = 1,
                  .max_items = 1'024});
  keys.push_back({.path = "devices[]", .kind = Kind::map, .doc = "One machine."});
  keys.push_back({.path = "devices[].name", .kind = Kind::name, .doc = "Unique name.", .required = true});
  keys.push_back(
      {.path = "devices[].runs",
       .kind = Kind::list,
       .doc = "What the device is for; one device is the source and one the sink. Default: [stage].",
       .min_items = 1,
       .max_items = 3});
  keys.push_back({.path = "devices[].runs[]",
                  .kind = Kind::choice,
                  .doc = "A role.",
                  .choices = {"source", "sink", "stage"}});
  keys.push_back({.path = "devices[].profile",
                  .kind = Kind::path,
                  .doc = "Device profile: measured times per sub-layer that compute is charged by."});
  keys.push_back({.path = "devices[].speed",
                  .kind = Kind::real,
                  .unit = Unit::speed,
                  .doc = "Instead of a profile: compute is charged by its number of operations.",
                  .high = 1e18,
                  .low_open = true});
  keys.push_back({.path = "devices[].memory",
                  .kind = Kind::exact,
                  .unit = Unit::size,
                  .doc = "What weights and activations have to fit into. Default: no limit.",
                  .least = 1});
  keys.push_back({.path = "devices[].threads",
                  .kind = Kind::exact,
                  .doc = "Threads LibTorch uses on the device.",
                  .fallback = "1",
                  .least = 1,
                  .most = 1'024});
  keys.push_back({.path = "devices[].slowdown",
                  .kind = Kind::real,
                  .doc = "With `run.compute: measured`: charged time is measured time times this.",
                  .fallback = "1",
                  .high = 1e6,
                  .low_open = true});
  keys.push_back({.path = "devices[].torch_device",
                  .kind = Kind::text,
                  .doc = "Where LibTorch computes on the device: `cpu`, `cuda` or `cuda:N`.",
                  .fallback = "cpu"});
  keys.push_back({.path = "devices[].address",
                  .kind = Kind::text,
                  .doc = "HOST:PORT where `millrace-node agent --listen` serves the device; with it, mode "
                         "`deploy` connects there. All devices have one, or none."});
}

}  // namespace millrace
