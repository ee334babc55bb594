// The keys of `policy.partition`.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "runtime/scenario/tables.hpp"

namespace millrace {
namespace {

using Partition = PolicySection::Partition;

// Written whenever the kind is `fixed`, even if a single device makes the list empty.
Row<Partition> cuts_row() {
  return {
      .key = {.path = "cuts",
              .kind = ValueKind::list,
              .doc = "For `fixed`: after which sub-layers, increasing; block b (from 0) ends at 4(b+1).",
              .max_items = 1'023},
      .fill =
          [](const Fields& in, const std::string& at, Partition& partition) {
            for (std::size_t i = 0; i < in.size(at); ++i)
              Stored<int>::read(in, Unit::none, fmt::format("{}[{}]", at, i), partition.cuts.emplace_back());
          },
      .text = [](const Partition& partition) -> std::optional<std::string> {
        if (partition.kind != "fixed") return std::nullopt;
        return fmt::format("[{}]", fmt::join(partition.cuts, ", "));
      },
      .below = {{{.path = "cuts[]", .kind = ValueKind::exact, .doc = "A cut.", .least = 1, .most = 4'095}},
                {}}};
}

void add_goal(Table<Partition>& table) {
  table.key(
      &Partition::objective,
      {.path = "objective",
       .kind = ValueKind::choice,
       .doc = "For `optimal`: the highest predicted rate, or the shortest way of one microbatch through the "
              "empty pipeline (fill latency).",
       .choices = {"throughput", "latency"}},
      [](const Partition& partition) { return partition.kind == "optimal"; });
  table.key(&Partition::latency_bound,
            {.path = "latency_bound",
             .doc = "For `optimal` and throughput: the longest fill latency allowed. Default: none.",
             .least = 1});
  table.key(
      &Partition::target_images_per_s,
      {.path = "target_rate",
       .unit = Unit::image_rate,
       .doc = "For `optimal`: the lowest images per second that a plan may have. For `joint`: the rate at "
              "which accuracy is to be highest. Default: none.",
       .high = 1e9,
       .low_open = true});
  table.key(&Partition::accuracy_floor,
            {.path = "accuracy_floor",
             .doc = "For `joint`, instead of `target_rate`: the accuracy, from 0 to 1, at or above which the "
                    "rate is to be highest. Default: none.",
             .high = 1,
             .low_open = true});
  table.key(&Partition::accuracy_table,
            {.path = "accuracy_table",
             .kind = ValueKind::path,
             .doc = "For `joint`: CSV of `millrace-node eval` with single cuts of the codec, at the widths "
                    "to choose from. Default: none."});
  table.alternative({{"target_rate"}, {"accuracy_floor"}}, false);
}

}  // namespace

const Table<Partition>& partition_table() {
  static const Table<Partition> table = [] {
    Table<Partition> made;
    made.key(
        &Partition::kind,
        {.path = "kind",
         .kind = ValueKind::choice,
         .doc = "`even`: equally many sub-layers per stage; `fixed`: the given cuts; `pipedream`: as if "
                "all devices were alike; `optimal`: the best devices, order and cuts by costs and links; "
                "`joint`: these and the bits of every link. See runtime/planner/README.md.",
         .choices = words(kPartitionNames)});
    made.row(cuts_row());
    made.texts(&Partition::devices,
               {.path = "devices",
                .doc = "The devices that take the stages, in order; for `optimal`, those that may. Default: "
                       "all that run stages, in order.",
                .min_items = 1,
                .max_items = 1'024},
               {.doc = "A device."});
    add_goal(made);
    return made;
  }();
  return table;
}

}  // namespace millrace
