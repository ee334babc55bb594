#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <fstream>
#include <memory>
#include <optional>

#include "runtime/base/interrupt.hpp"
#include "runtime/base/log.hpp"
#include "runtime/policy/pipeedge_files.hpp"
#include "runtime/policy/planner.hpp"
#include "sim/cli/verb.hpp"
#include "sim/run/scenario_problem.hpp"

namespace millrace {
namespace {

struct PlanArguments {
  ScenarioArguments scenario;
  std::string algorithm = "optimal", objective = "throughput", model = "vit-base";
  std::vector<std::string> pipeedge;  // models, device types, devices
  std::vector<int> cuts;
  int microbatch = 8, units = 1024;
  std::string schedule;  // with --pipeedge: where its schedule goes
  double latency_bound_s = 0, rate = 0;
  bool json = false;
};

using Seconds = std::chrono::duration<double>;

// A line on stderr every few seconds, and Ctrl-C.
class Watch {
 public:
  bool operator()(const PlanningProgress& progress) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= next_) {
      log_note("planning: {}, {:.0f} %", progress.phase, 100 * progress.share);
      next_ = now + std::chrono::seconds(2);
    }
    return !interrupt_requested();
  }

 private:
  std::chrono::steady_clock::time_point next_ = std::chrono::steady_clock::now() + std::chrono::seconds(2);
};

int fail(const Error& error) {
  log_error("{}", error.message);
  return static_cast<int>(error.code);
}

Error usage(std::string text) { return {std::move(text), ExitCode::usage}; }

Result<PlanningGoal> goal_of(const PlanArguments& arguments) {
  PlanningGoal goal;
  if (arguments.objective == "latency") goal.objective = PlanningGoal::Objective::latency;
  if (arguments.latency_bound_s > 0) {
    if (arguments.objective == "latency")
      return usage("--latency-bound bounds the objective throughput; remove it, or --objective latency");
    goal.latency_bound_s = arguments.latency_bound_s;
  }
  goal.target_images_per_s = arguments.rate;
  return goal;
}

Result<PlanningProblem> problem_of(const PlanArguments& arguments, PlanningRequest& request) {
  if (!arguments.pipeedge.empty()) {
    if (!arguments.scenario.file.empty()) return usage("give a scenario or --pipeedge, not both");
    if (arguments.pipeedge.size() != 3) return usage("--pipeedge takes MODELS,TYPES,DEVICES");
    return read_pipeedge_problem({arguments.pipeedge[0], arguments.pipeedge[1], arguments.pipeedge[2]},
                                 arguments.model, arguments.microbatch,
                                 arguments.units == 1024 ? PipeEdgeMega::binary : PipeEdgeMega::decimal);
  }
  if (arguments.scenario.file.empty()) return usage("give a scenario, or --pipeedge MODELS,TYPES,DEVICES");
  const auto scenario = read_scenario_or_complain(arguments.scenario);
  if (!scenario)
    return Error{arguments.scenario.file + ": no plan for an invalid scenario", ExitCode::invalid_input};
  if (request.cuts.empty()) request.cuts = scenario->policy.partition.cuts;
  for (const auto& name : scenario->policy.partition.devices) {
    for (std::size_t d = 0; d < scenario->devices.size(); ++d) {
      if (scenario->devices[d].name == name) request.devices.push_back(d);
    }
  }
  return planning_problem_of(*scenario);
}

int plan(const PlanArguments& arguments) {
  catch_interrupts();
  PlanningRequest request{.algorithm = arguments.algorithm, .cuts = arguments.cuts};
  auto problem = problem_of(arguments, request);
  if (!problem) return fail(problem.error());
  const auto goal = goal_of(arguments);
  if (!goal) return fail(goal.error());
  problem->goal = *goal;
  if (auto sound = check_problem(*problem); !sound) return fail(sound.error());
  Watch watch;
  request.watch = [&watch](const PlanningProgress& progress) { return watch(progress); };
  request.compare = false;  // timed alone
  const auto begin = std::chrono::steady_clock::now();
  auto result = plan_pipeline(*problem, request);
  const double planning_s = Seconds(std::chrono::steady_clock::now() - begin).count();
  if (!result) return fail(result.error());
  result->planning_s = planning_s;
  add_planning_alternatives(*problem, request, *result);
  if (!arguments.schedule.empty()) {
    std::ofstream out(arguments.schedule);
    out << pipeedge_schedule(*problem, result->stages);
    out.close();
    if (!out) return fail({"--schedule: " + arguments.schedule + " cannot be written"});
  }
  const bool printed =
      print_all(arguments.json ? planning_json(*problem, *result) : planning_table(*problem, *result));
  return static_cast<int>(printed ? ExitCode::ok : ExitCode::run_failed);
}

constexpr const char* kFooter =
    "A link that follows a trace counts with the trace's mean rate. Exit codes: 0 ok, 1 infeasible (what is\n"
    "missing is said), 2 usage, 3 scenario or files invalid.\n"
    "Examples:\n"
    "  millrace plan scenarios/quickstart.yaml\n"
    "  millrace plan scenarios/quickstart.yaml --objective latency --json\n"
    "  millrace plan --pipeedge models.yml,device_types.yml,devices.yml --model vit-base --microbatch 8";

}  // namespace

Verb add_plan_verb(CLI::App& program, const std::vector<std::string>&) {
  auto arguments = std::make_shared<PlanArguments>();
  auto& command = *program.add_subcommand("plan", "choose stages and devices, and predict rate and latency");
  add_scenario_options(command, arguments->scenario);
  command.get_option("FILE")->required(false);
  command.add_option("--algorithm", arguments->algorithm, "optimal | joint | even | pipedream | fixed")
      ->check(CLI::IsMember(planning_algorithms()))
      ->capture_default_str();
  command.add_option("--objective", arguments->objective, "throughput | latency")
      ->check(CLI::IsMember(std::vector<std::string>{"throughput", "latency"}))
      ->capture_default_str();
  command.add_option("--latency-bound", arguments->latency_bound_s, "seconds of fill latency at most")
      ->check(CLI::PositiveNumber);
  command.add_option("--rate", arguments->rate, "images per second at least")->check(CLI::PositiveNumber);
  command.add_option("--cuts", arguments->cuts, "for fixed: after which sub-layers, as 12,24,36")
      ->delimiter(',');
  command
      .add_option("--pipeedge", arguments->pipeedge, "MODELS,TYPES,DEVICES: PipeEdge's files, not a scenario")
      ->delimiter(',')
      ->type_name("FILES");
  command.add_option("--model", arguments->model, "with --pipeedge: which model")->capture_default_str();
  command
      .add_option("--units", arguments->units,
                  "with --pipeedge: \"M\" in bw_Mbps and mem_MB is 1024^2 (as PipeEdge reckons) or 1000^2")
      ->check(CLI::IsMember({1024, 1000}))
      ->capture_default_str();
  command.add_option("--schedule", arguments->schedule, "write the plan as PipeEdge's schedule into FILE")
      ->type_name("FILE");
  command.add_option("--microbatch", arguments->microbatch, "with --pipeedge: images per microbatch")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  command.add_flag("--json", arguments->json, "the plan as JSON on stdout, and nothing else there");
  command.footer(kFooter);
  return {&command, [arguments] { return plan(*arguments); }};
}

}  // namespace millrace
