// The keys of `sweep`, which is not part of the scenario; sweep_fill.cpp reads them.
#include "runtime/scenario/sweep_section.hpp"
#include "runtime/scenario/tables.hpp"

namespace millrace {

void add_sweep(Schema& schema) {
  using Kind = ValueKind;
  auto& keys = schema.keys;
  keys.push_back(
      {.path = "sweep.grid", .kind = Kind::setting_lists, .doc = "Every combination of these values."});
  keys.push_back({.path = "sweep.zip",
                  .kind = Kind::setting_lists,
                  .doc = "Lists of equal length, stepped through together."});
  keys.push_back({.path = "sweep.list",
                  .kind = Kind::list,
                  .doc = "Variants of several keys each, such as policies to compare.",
                  .min_items = 1,
                  .max_items = kMaxSweptValues});
  keys.push_back({.path = "sweep.list[]", .kind = Kind::map, .doc = "A variant."});
  keys.push_back(
      {.path = "sweep.list[].name", .doc = "Unique; its name in tables and pictures.", .required = true});
  keys.push_back(
      {.path = "sweep.list[].set", .kind = Kind::settings, .doc = "The keys it sets.", .required = true});
  keys.push_back(
      {.path = "sweep.replications",
       .kind = Kind::exact,
       .doc = "Runs of each cell, with the seeds `run.seed`, `run.seed` + 1, …; for confidence intervals.",
       .fallback = "1",
       .least = 1,
       .most = 10'000});
}

}  // namespace millrace
