// The keys of `sweep`, which is no part of the scenario: sweep_fill.cpp reads them.
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
                  .doc = "Lists of one length, gone through together."});
  keys.push_back({.path = "sweep.list",
                  .kind = Kind::list,
                  .doc = "Variants, of several keys each: policies to compare, say.",
                  .min_items = 1,
                  .max_items = kMaxSweptValues});
  keys.push_back({.path = "sweep.list[]", .kind = Kind::map, .doc = "A variant."});
  keys.push_back(
      {.path = "sweep.list[].name", .doc = "Unique; what tables and pictures call it.", .required = true});
  keys.push_back(
      {.path = "sweep.list[].set", .kind = Kind::settings, .doc = "What it sets.", .required = true});
  keys.push_back(
      {.path = "sweep.replications",
       .kind = Kind::exact,
       .doc = "How often each, with the seeds `run.seed`, `run.seed` + 1, …; for confidence intervals.",
       .fallback = "1",
       .least = 1,
       .most = 10'000});
}

}  // namespace millrace
