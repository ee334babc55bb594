// The rows of `policy.partition` in the table of keys.
#include <string>
#include <vector>

#include "runtime/scenario/names.hpp"
#include "runtime/scenario/schema_rows.hpp"

namespace millrace {
namespace {

using Kind = ValueKind;

void add_goal(std::vector<Key>& keys) {
  keys.push_back({.path = "policy.partition.objective",
                  .kind = Kind::choice,
                  .doc = "For `optimal`: the highest predicted rate, or the shortest way of one microbatch "
                         "through the empty pipeline (fill latency). Default: throughput.",
                  .choices = {"throughput", "latency"}});
  keys.push_back({.path = "policy.partition.latency_bound",
                  .kind = Kind::exact,
                  .unit = Unit::duration,
                  .doc = "For `optimal` and throughput: the fill latency at most. Default: none.",
                  .least = 1});
  keys.push_back({.path = "policy.partition.target_rate",
                  .kind = Kind::real,
                  .unit = Unit::image_rate,
                  .doc = "For `optimal`: images per second at least, or there is no plan. For `joint`: the "
                         "rate at which accuracy is to be highest. Default: none.",
                  .high = 1e9,
                  .low_open = true});
  keys.push_back({.path = "policy.partition.accuracy_floor",
                  .kind = Kind::real,
                  .doc =
                      "For `joint`, instead of `target_rate`: the accuracy, from 0 to 1, at or above which "
                      "the rate is to be highest. Default: none.",
                  .high = 1,
                  .low_open = true});
  keys.push_back({.path = "policy.partition.accuracy_table",
                  .kind = Kind::path,
                  .doc =
                      "For `joint`: CSV of `millrace-node eval` with single cuts of the codec, at the widths "
                      "to choose from. Default: none."});
}

}  // namespace

void add_partition(std::vector<Key>& keys) {
  keys.push_back({.path = "policy.partition", .kind = Kind::map, .doc = "Where the model is cut."});
  keys.push_back(
      {.path = "policy.partition.kind",
       .kind = Kind::choice,
       .doc =
           "`even`: equally many sub-layers per stage; `fixed`: the given cuts; `pipedream`: as "
           "if all devices were alike; `optimal`: the best devices, order and cuts by costs and "
           "links; `joint`: these and the bits of every link. runtime/planner/README.md says how each does.",
       .fallback = "even",
       .choices = words(kPartitionNames)});
  keys.push_back({.path = "policy.partition.cuts",
                  .kind = Kind::list,
                  .doc = "For `fixed`: after which sub-layers, increasing; block b (from 0) ends at 4(b+1).",
                  .max_items = 1'023});
  keys.push_back(
      {.path = "policy.partition.cuts[]", .kind = Kind::exact, .doc = "A cut.", .least = 1, .most = 4'095});
  keys.push_back({.path = "policy.partition.devices",
                  .kind = Kind::list,
                  .doc =
                      "Which devices take the stages, in order; for `optimal`, which may. Default: all that "
                      "run stages, in order.",
                  .min_items = 1,
                  .max_items = 1'024});
  keys.push_back({.path = "policy.partition.devices[]", .kind = Kind::name, .doc = "A device."});
  add_goal(keys);
}

}  // namespace millrace
