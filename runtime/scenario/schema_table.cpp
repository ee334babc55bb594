// All keys of a scenario, in the order of the reference and of resolved scenarios.
#include "runtime/scenario/tables.hpp"

namespace millrace {
namespace {

Row<Scenario> version_row() {
  return {.key = {.path = "millrace",
                  .kind = ValueKind::exact,
                  .doc = "Version of this format.",
                  .required = true,
                  .least = 1,
                  .most = 1},
          .text = [](const Scenario&) { return "1"; }};
}

// Filled by scenario_fill.cpp, which records the item that each event comes from.
Row<Scenario> events_row() {
  Row<Scenario> row{
      .key = {.path = "events",
              .kind = ValueKind::list,
              .doc = "Changes of links during the run, the same in every network; in any order.",
              .max_items = 65'536}};
  const Key item = item_of(row.key,
                           "One change, of one link or of both directions; at least one of `state`, `rate`, "
                           "`trace`, `delay`, `loss`.");
  row.below.keys.push_back(item);
  event_table().add_to(row.below, item.path);
  row.write = [](Writer& out, const Scenario& scenario, Extent extent) {
    if (!scenario.events.empty()) out.line("events:");
    for (const auto& event : scenario.events) out.item([&] { event_table().write(out, event, extent); });
  };
  row.paths = [](const Scenario& scenario, const std::string& events, const PathVisitor& visit) {
    for (const auto& event : scenario.events) event_table().for_each_path(event, events + "[]", visit);
  };
  return row;
}

// Bits that adaptive kinds and joint plans choose are not written.
Row<PolicySection> quantization_row() {
  Row<PolicySection> row{
      .key = {.path = "quantization", .kind = ValueKind::map, .doc = "How activations are encoded."}};
  quantization_table().add_to(row.below, row.key.path);
  row.fill = [](const Fields& in, const std::string& at, PolicySection& policy) {
    quantization_table().fill(in, at, policy.quantization);
  };
  row.write = [](Writer& out, const PolicySection& policy, Extent extent) {
    auto shown = policy.quantization;
    if (shown.kind != "fixed" || policy.partition.kind == "joint") shown.bits = 0;
    out.map("quantization", [&] { quantization_table().write(out, shown, extent); });
  };
  row.paths = [](const PolicySection& policy, const std::string& at, const PathVisitor& visit) {
    quantization_table().for_each_path(policy.quantization, at, visit);
  };
  return row;
}

const Table<PolicySection>& policy_table() {
  static const Table<PolicySection> table = [] {
    Table<PolicySection> made;
    made.map(&PolicySection::partition, {.path = "partition", .doc = "Where the model is cut."},
             partition_table());
    made.row(quantization_row());
    return made;
  }();
  return table;
}

Row<Scenario> expect_row() {
  Row<Scenario> row{.key = {.path = "expect",
                            .kind = ValueKind::map,
                            .doc = "Bounds the run must meet, or it ends with exit code 5."}};
  add_expect(row.below);
  const auto unit_of = [below = row.below](const std::string& metric) {
    return below.find("expect." + metric)->unit;
  };
  row.fill = [unit_of](const Fields& in, const std::string& at, Scenario& scenario) {
    const YamlNode* expect = in.node(at);
    if (expect == nullptr) return;
    for (const YamlEntry& entry : expect->entries) {
      const std::string path = joined_path(at, entry.key);
      if (in.node(path) == nullptr) continue;
      if (const auto bound = in.bound(unit_of(entry.key), path))
        scenario.expect.push_back({entry.key, bound->at_least, bound->value});
    }
  };
  row.write = [unit_of](Writer& out, const Scenario& scenario, Extent) {
    if (scenario.expect.empty()) return;
    out.map("expect", [&] {
      for (const auto& [metric, at_least, bound] : scenario.expect)
        out.line("{}: \"{} {}\"", metric, at_least ? ">=" : "<=", format_real(unit_of(metric), bound));
    });
  };
  return row;
}

Row<Scenario> sweep_row() {
  Row<Scenario> row{.key = {.path = "sweep",
                            .kind = ValueKind::map,
                            .doc = "What `millrace sweep` varies: the product of the parts below. `millrace "
                                   "run` ignores it."}};
  add_sweep(row.below);
  return row;
}

}  // namespace

const Table<Scenario>& scenario_table() {
  static const Table<Scenario> table = [] {
    Table<Scenario> made;
    made.row(version_row());
    made.key(&Scenario::name, {.path = "name", .doc = "Names the scenario in reports.", .required = true});
    made.map(&Scenario::model, {.path = "model", .doc = "What is inferred.", .required = true},
             model_table());
    made.map(&Scenario::workload, {.path = "workload", .doc = "What is fed into the pipeline."},
             workload_table());
    made.list(
        &Scenario::devices,
        {.path = "devices", .doc = "The machines.", .required = true, .min_items = 1, .max_items = 1'024},
        "One machine.", device_table());
    made.map(&Scenario::network, {.path = "network", .doc = "How the devices are connected."},
             network_table());
    made.row(events_row());
    made.map(&Scenario::policy, {.path = "policy", .doc = "How cuts and bits are chosen."}, policy_table());
    made.map(&Scenario::run, {.path = "run", .doc = "How it is run."}, run_table());
    made.row(expect_row());
    made.row(sweep_row());
    return made;
  }();
  return table;
}

const Schema& scenario_schema() {
  static const Schema schema = [] {
    Schema made;
    scenario_table().add_to(made, "");
    return made;
  }();
  return schema;
}

}  // namespace millrace
