#include "runtime/scenario/scenario_checks.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

#include "runtime/model/shape_classes.hpp"
#include "runtime/scenario/choices.hpp"
#include "runtime/scenario/device_names.hpp"
#include "runtime/scenario/inventory_checks.hpp"
#include "runtime/scenario/link_text.hpp"
#include "runtime/scenario/network_checks.hpp"
#include "runtime/scenario/partition_checks.hpp"
#include "runtime/scenario/quantization_checks.hpp"
#include "runtime/scenario/run_checks.hpp"
#include "runtime/scenario/topology_links.hpp"

namespace millrace {
namespace {

class Checks {
 public:
  Checks(const FilledScenario& filled, ProblemLog& log)
      : scenario_(filled.scenario), link_item_(filled.link_item), event_item_(filled.event_item), log_(log) {}

  void run(bool has_model) {
    check_model_dimensions(has_model);
    check_dataset(has_model);
    check_arrivals();
    check_devices();
    check_network_section({scenario_, link_item_, device_index_}, log_);
    check_events();
    check_partition(has_model);
    check_partition_goal(scenario_, log_);
    check_quantization(scenario_, log_);
    check_reachability();
    check_compute();
    check_run(scenario_, log_);
    check_inventory(scenario_, log_);
  }

 private:
  void check_model_dimensions(bool has_model) {
    if (!has_model || !log_.good("model")) return;
    if (const auto good = check_model(scenario_.model.config); !good)
      log_.report("model", "model: " + good.error().message);
  }

  // Every dataset but `synthetic` is for one family of models, and `shapes` needs enough classes.
  void check_dataset(bool has_model) {
    const std::string at = "workload.dataset";
    if (!has_model || !log_.good("model.name") || !log_.good(at)) return;
    const ModelConfig& model = scenario_.model.config;
    for (const auto& [prefix, family] : {std::pair("image-folder:", ModelFamily::vit),
                                         {"shapes", ModelFamily::vit},
                                         {"features:", ModelFamily::kwt},
                                         {"tokens:", ModelFamily::bert}}) {
      if (scenario_.workload.dataset.starts_with(prefix) && family != model.family)
        log_.report(at, fmt::format("{} {} is for models of the {} family, {} is of {}; give it another one, "
                                    "or synthetic",
                                    at, prefix, family_name(family), model.name, family_name(model.family)));
    }
    if (scenario_.workload.dataset == "shapes" && model.family == ModelFamily::vit &&
        model.classes < static_cast<int>(kShapeClasses))
      log_.report(at, fmt::format("{} shapes has {} classes, the model tells only {} apart; raise "
                                  "model.classes, or take synthetic",
                                  at, kShapeClasses, model.classes));
  }

  void check_arrivals() {
    if (!log_.good("workload.arrivals") || !log_.good("workload.rate")) return;
    const bool open = scenario_.workload.arrivals != ArrivalKind::closed_loop;
    const bool has_rate = scenario_.workload.images_per_s > 0;
    const auto name = name_of(scenario_.workload.arrivals);
    if (open && !has_rate)
      log_.report("workload.arrivals",
                  fmt::format("workload.arrivals: {} needs workload.rate, for example 10 /s", name));
    if (!open && has_rate)
      log_.report("workload.rate",
                  "workload.rate has no effect with arrivals: closed-loop; remove it, or set "
                  "workload.arrivals to rate or poisson");
    // Microbatches arrive after at most 2^63 ns, 9.2e9 s; Poisson ones may take many times the mean.
    constexpr double kLongest_s = 1e8;
    if (!open || !has_rate || !log_.good("workload") || !log_.good("model.microbatch")) return;
    const double images = static_cast<double>(scenario_.microbatches()) * scenario_.model.microbatch;
    if (const double span_s = images / scenario_.workload.images_per_s; span_s > kLongest_s)
      log_.report("workload.rate",
                  fmt::format("workload.rate lets the last image arrive after {:.3g} s, at most {:.0g} s are "
                              "simulated; raise it, or lower workload.images",
                              span_s, kLongest_s));
  }

  void check_devices() {
    for (std::size_t i = 0; i < scenario_.devices.size(); ++i) {
      const DeviceSection& device = scenario_.devices[i];
      check_roles(i);
      if (!log_.good(device_path(i) + ".name") || device.name.empty()) continue;
      const auto [first, is_new] = device_index_.emplace(device.name, i);
      if (!is_new)
        log_.report(device_path(i) + ".name",
                    fmt::format("device name \"{}\" is taken by devices[{}]; names are unique", device.name,
                                first->second));
    }
    if (!log_.good("devices")) return;
    check_single("source", &DeviceSection::source);
    check_single("sink", &DeviceSection::sink);
    if (std::none_of(scenario_.devices.begin(), scenario_.devices.end(),
                     [](const auto& d) { return d.stage; }))
      log_.report("devices",
                  "no device runs stages; leave `runs` out of those that compute, or add stage to it");
  }

  // Reports a role given twice, which reading would count as once.
  void check_roles(std::size_t i) {
    const std::string runs = device_path(i) + ".runs";
    if (const auto role = log_.first_repetition(runs); !role.empty())
      log_.report(runs, fmt::format("{} names {} twice; once is enough", runs, role));
  }

  void check_single(std::string_view role, bool DeviceSection::*has_role) {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < scenario_.devices.size(); ++i) {
      if (scenario_.devices[i].*has_role) found.push_back(i);
    }
    if (found.empty())
      log_.report("devices",
                  fmt::format("no device is the {0}; write runs: [{0}] for the one that is", role));
    if (found.size() > 1)
      log_.report(device_path(found[1]) + ".runs",
                  fmt::format("devices[{}] is the {} already; exactly one device is", found[0], role));
  }

  bool known_device(const std::string& path, const std::string& name) {
    return check_device_name({scenario_, device_index_, {}}, path, name, log_);
  }

  void check_events() {
    for (std::size_t i = 0; i < scenario_.events.size(); ++i) {
      if (i > 0 && event_item_[i - 1] == event_item_[i]) continue;
      const EventSection& event = scenario_.events[i];
      const std::string at = fmt::format("events[{}]", event_item_[i]);
      if (!log_.good(at)) continue;
      if (!event.up && !event.rate && event.trace.empty() && !event.delay && !event.loss)
        log_.report(at, at + " changes nothing; give it state, rate, trace, delay or loss");
      const auto links = point_to_point_links(scenario_.network);
      const bool known = std::any_of(links.begin(), links.end(), [&](const LinkSection& link) {
        return link.from == event.from && link.to == event.to;
      });
      if (const auto two = two_meanings(log_.text(at + ".link"), pairs_of(links)); !two.empty())
        log_.report(at + ".link", fmt::format("{}.link {}", at, two));
      if (!known && log_.good("network"))
        log_.report(
            at, log_.has(at + ".link")
                    ? at + ".link joins no two devices that have a link; write it as a-b, or as a->b for one "
                           "direction"
                    : fmt::format("{} is of a link from {} to {}, which is not in network.links", at,
                                  event.from, event.to));
    }
  }

  void check_partition(bool has_model) {
    const auto& partition = scenario_.policy.partition;
    const std::string at = "policy.partition";
    std::set<std::string> seen;
    for (std::size_t i = 0; i < partition.devices.size(); ++i) {
      const std::string path = fmt::format("{}.devices[{}]", at, i);
      const std::string& name = partition.devices[i];
      if (!known_device(path, name)) continue;
      if (!seen.insert(name).second) {
        log_.report(path, fmt::format("{} names {} a second time; a device runs one stage", path, name));
      } else if (const std::size_t device = device_index_.at(name);
                 log_.good(device_path(device) + ".runs") && !scenario_.devices[device].stage) {
        log_.report(path,
                    fmt::format("{} names {}, which runs no stage; add stage to its `runs`", path, name));
      }
    }
    if (!log_.good(at + ".kind")) return;
    const bool fixed = partition.kind == "fixed";
    if (!fixed && !partition.cuts.empty() && log_.good(at + ".cuts"))
      log_.report(at + ".cuts",
                  fmt::format("{0}.cuts has no effect with kind: {1}; remove it, or set {0}.kind to fixed",
                              at, partition.kind));
    if (fixed) check_cuts(has_model);
    const std::size_t stages = pipeline().size();
    const auto layers = static_cast<std::size_t>(scenario_.model.config.sub_layers());
    if (!fixed && !plans_by_cost(partition.kind) && has_model && log_.good("model") && stages > layers)
      log_.report(
          at, fmt::format("{} devices run stages and the model has {} sub-layers; name at most that many in "
                          "policy.partition.devices",
                          stages, layers));
  }

  void check_cuts(bool has_model) {
    const std::string at = "policy.partition.cuts";
    if (!log_.good(at)) return;
    const auto& cuts = scenario_.policy.partition.cuts;
    const int layers = scenario_.model.config.sub_layers();
    for (std::size_t i = 0; i < cuts.size(); ++i) {
      const std::string path = fmt::format("{}[{}]", at, i);
      if (has_model && log_.good("model") && cuts[i] >= layers) {
        log_.report(path, fmt::format("{} must be less than {}, the model's number of sub-layers, got {}",
                                      path, layers, cuts[i]));
      } else if (i > 0 && cuts[i] <= cuts[i - 1]) {
        log_.report(path, fmt::format("{} must be greater than the cut before it, {}, got {}", path,
                                      cuts[i - 1], cuts[i]));
      }
    }
    const auto stages = pipeline();
    if (!log_.has(at)) {
      log_.report(at, fmt::format("{} is missing: kind: fixed needs the cuts, for {} devices {} of them", at,
                                  stages.size(), stages.size() - std::min<std::size_t>(1, stages.size())));
    } else if (devices_good() && !stages.empty() && cuts.size() + 1 != stages.size()) {
      log_.report(
          at,
          fmt::format("{} has {} cuts, which makes {} stages, and {} devices take stages; the numbers must "
                      "be equal",
                      at, cuts.size(), cuts.size() + 1, stages.size()));
    }
  }

  bool devices_good() const { return log_.good("devices") && log_.good("policy.partition.devices"); }

  // The devices that take the stages, in order.
  std::vector<std::size_t> pipeline() const {
    std::vector<std::size_t> stages;
    for (const auto& name : scenario_.policy.partition.devices) {
      if (const auto found = device_index_.find(name); found != device_index_.end())
        stages.push_back(found->second);
    }
    if (!scenario_.policy.partition.devices.empty()) return stages;
    for (std::size_t i = 0; i < scenario_.devices.size(); ++i) {
      if (scenario_.devices[i].stage) stages.push_back(i);
    }
    return stages;
  }

  void check_compute() {
    const RunSection& run = scenario_.run;
    if (!log_.good("run.mode") || !log_.good("run.compute")) return;
    if (run.mode == Mode::simulate && run.compute == ComputeKind::measured) {
      log_.report("run.compute",
                  "run.compute: measured has nothing to measure in mode simulate, which runs no tensors; "
                  "set it to profile");
      return;
    }
    const bool planned = log_.good("policy.partition.kind") && plans_by_cost(scenario_.policy.partition.kind);
    if ((run.compute != ComputeKind::profile && !planned) || !log_.good("policy.partition.devices")) return;
    for (const std::size_t i : pipeline()) {
      const DeviceSection& device = scenario_.devices[i];
      if (!log_.good(device_path(i)) || !device.profile.empty() || device.flop_per_s != 0) continue;
      log_.report(device_path(i),
                  fmt::format("{} ({}) runs a stage and needs a profile, or a speed such as 8 GFLOP/s; {}",
                              device_path(i), device.name,
                              planned ? "policy.partition.kind plans by it"
                                      : "only run.compute: measured does without"));
    }
  }

  // Checks every hop of the pipeline, and the way back of its acknowledgements, over one link or several. A
  // planner that chooses the order of the devices reports what cannot be reached itself.
  void check_reachability() {
    if (!devices_good() || !log_.good("network")) return;
    if (!log_.good("policy.partition.kind") || plans_by_cost(scenario_.policy.partition.kind)) return;
    const auto role = [&](bool DeviceSection::*has) {
      const auto found = std::find_if(scenario_.devices.begin(), scenario_.devices.end(),
                                      [&](const auto& d) { return d.*has; });
      return static_cast<std::size_t>(found - scenario_.devices.begin());
    };
    std::vector<std::size_t> path{role(&DeviceSection::source)};
    for (const std::size_t stage : pipeline()) path.push_back(stage);
    path.push_back(role(&DeviceSection::sink));
    const auto joined = hops(scenario_.network);
    std::map<std::size_t, std::set<std::string>> reached;
    for (std::size_t i = 0; i + 1 < path.size(); ++i) {
      for (const auto& [from, to] : {std::pair(path[i], path[i + 1]), std::pair(path[i + 1], path[i])}) {
        const auto [known, is_new] = reached.try_emplace(from);
        if (is_new) known->second = reached_from(joined, scenario_.devices[from].name);
        if (known->second.contains(scenario_.devices[to].name)) continue;
        log_.report("network.links",
                    fmt::format("no links lead from {} to {}, which the pipeline needs{}; add one",
                                scenario_.devices[from].name, scenario_.devices[to].name,
                                from == path[i] ? "" : " for acknowledgements"));
        return;  // one added link often repairs several hops
      }
    }
  }

  const Scenario& scenario_;
  const std::vector<std::size_t>& link_item_;
  const std::vector<std::size_t>& event_item_;
  ProblemLog& log_;
  std::map<std::string, std::size_t> device_index_;
};

}  // namespace

void check_scenario(const FilledScenario& filled, ProblemLog& log) {
  Checks(filled, log).run(filled.has_model);
}

}  // namespace millrace
