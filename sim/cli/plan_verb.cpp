#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>

#include "runtime/base/interrupt.hpp"
#include "runtime/base/limits.hpp"
#include "runtime/base/log.hpp"
#include "runtime/base/output_file.hpp"
#include "runtime/planner/pipeedge_files.hpp"
#include "runtime/planner/planner.hpp"
#include "sim/cli/complaint.hpp"
#include "sim/cli/verb.hpp"
#include "sim/run/doubts.hpp"
#include "sim/run/planned_scenario.hpp"
#include "sim/run/scenario_plan.hpp"

namespace millrace {
namespace {

struct PlanArguments {
  ScenarioArguments scenario;
  std::string algorithm, objective, model = "vit-base";
  std::vector<std::string> pipeedge;  // files: models, device types, devices
  std::vector<int> cuts;
  int microbatch = 8, units = 1024;
  std::string schedule;  // with --pipeedge: the file for its schedule
  double latency_bound_s = 0, rate = 0, accuracy_floor = 0;
  std::string accuracy_table;
  bool json = false;
};

using Seconds = std::chrono::duration<double>;

int fail(const Error& error) {
  log_error("{}", error.message);
  return static_cast<int>(error.code);
}

Error usage(std::string text) { return {std::move(text), ExitCode::usage}; }

// `joint` has only a rate or an accuracy as its goal.
Result<void> check_joint(PolicySection::Partition& partition) {
  partition.objective = "throughput";
  partition.latency_bound.reset();
  if (partition.accuracy_floor == 0 && partition.target_images_per_s == 0)
    return usage("joint needs a goal: --rate (the best accuracy at it) or --accuracy-floor (the best rate)");
  return {};
}

// Replaces keys of policy.partition by what the command line says.
Result<void> override_partition(const PlanArguments& arguments, PolicySection::Partition& partition) {
  if (!arguments.algorithm.empty()) partition.kind = arguments.algorithm;
  if (!arguments.objective.empty()) {
    partition.objective = arguments.objective;
    if (arguments.objective == "latency") partition.latency_bound.reset();
  }
  if (arguments.latency_bound_s > 0) {
    if (arguments.objective == "latency")
      return usage("--latency-bound bounds the objective throughput; remove it, or --objective latency");
    partition.objective = "throughput";
    partition.latency_bound = Duration::from_seconds(arguments.latency_bound_s);
  }
  if (arguments.rate > 0) {
    partition.target_images_per_s = arguments.rate;
    partition.accuracy_floor = 0;
  }
  if (arguments.accuracy_floor > 0) {
    if (arguments.rate > 0) return usage("give --rate or --accuracy-floor, not both");
    partition.accuracy_floor = arguments.accuracy_floor;
    partition.target_images_per_s = 0;
  }
  if (!arguments.accuracy_table.empty()) partition.accuracy_table = arguments.accuracy_table;
  if (!arguments.cuts.empty()) partition.cuts = arguments.cuts;
  return partition.kind == "joint" && arguments.pipeedge.empty() ? check_joint(partition) : Result<void>{};
}

Result<PlanningProblem> pipeedge_problem(const PlanArguments& arguments, PlanningRequest& request) {
  if (!arguments.scenario.file.empty()) return usage("give a scenario or --pipeedge, not both");
  if (arguments.pipeedge.size() != 3) return usage("--pipeedge takes MODELS,TYPES,DEVICES");
  PolicySection::Partition partition;
  partition.kind = "optimal";
  if (auto overridden = override_partition(arguments, partition); !overridden) return overridden.error();
  request = {.algorithm = partition.kind, .cuts = partition.cuts};
  auto problem = read_pipeedge_problem(
      {arguments.pipeedge[0], arguments.pipeedge[1], arguments.pipeedge[2]}, arguments.model,
      arguments.microbatch, arguments.units == 1024 ? PipeEdgeMega::binary : PipeEdgeMega::decimal);
  if (problem) problem->goal = planning_goal_of(partition);
  return problem;
}

struct Answer {
  PlanningProblem problem;
  PlanningResult result;
};

// The request without comparisons, so that its time is that of the plan alone.
PlanningRequest quietly(PlanningRequest request, PlanningLog& log) {
  request.watch = [&log](const PlanningProgress& progress) { return log(progress); };
  request.compare = false;
  return request;
}

Result<Answer> plan_pipeedge(const PlanArguments& arguments, PlanningRequest& request, PlanningLog& log) {
  auto problem = pipeedge_problem(arguments, request);
  if (!problem) return problem.error();
  if (auto sound = check_problem(*problem); !sound) return sound.error();
  auto result = plan_pipeline(*problem, quietly(request, log));
  if (!result) return result.error();
  return Answer{std::move(*problem), std::move(*result)};
}

Result<Answer> answer_of(const PlanArguments& arguments, PlanningRequest& request, PlanningLog& log) {
  if (!arguments.pipeedge.empty()) return plan_pipeedge(arguments, request, log);
  if (arguments.scenario.file.empty()) return usage("give a scenario, or --pipeedge MODELS,TYPES,DEVICES");
  auto scenario = read_scenario_or_complain(arguments.scenario);
  if (!scenario) return Error{"no plan for an invalid scenario", ExitCode::invalid_input};
  if (auto overridden = override_partition(arguments, scenario->policy.partition); !overridden)
    return overridden.error();
  request = planning_request_of(*scenario);
  auto planned = plan_scenario(*scenario, quietly(request, log));
  if (!planned) return planned.error();
  for (const auto& doubt : doubts_of(*scenario, planned->plan)) log_warning("{}", doubt);
  return Answer{std::move(planned->problem), std::move(planned->result)};
}

int plan(const PlanArguments& arguments) {
  catch_interrupts();
  PlanningRequest request;
  PlanningLog log;
  const auto begin = std::chrono::steady_clock::now();
  auto answer = answer_of(arguments, request, log);
  if (!answer) return complain_of(arguments.scenario, answer.error());
  auto& [problem, result] = *answer;
  result.planning_s = Seconds(std::chrono::steady_clock::now() - begin).count();
  add_planning_alternatives(problem, quietly(request, log), result);
  if (!arguments.schedule.empty()) {
    const auto written = write_output(arguments.schedule, pipeedge_schedule(problem, result.stages));
    if (!written) return fail(written.error().in("--schedule"));
    // If the schedule goes to standard output, nothing else does.
    if (is_standard_output(arguments.schedule)) return static_cast<int>(ExitCode::ok);
  }
  const bool printed =
      print_all(arguments.json ? planning_json(problem, result) : planning_table(problem, result));
  return static_cast<int>(printed ? ExitCode::ok : ExitCode::run_failed);
}

constexpr const char* kFooter =
    "Algorithms:\n"
    "  optimal    the best devices, order and cuts for the objective; exact, or a heuristic with a bound\n"
    "  joint      these and the bits of every link, by an accuracy table: the best accuracy at --rate, or\n"
    "             the best rate at --accuracy-floor\n"
    "  even       equally many sub-layers per device; pipedream: as if all devices and links were alike\n"
    "  fixed      at --cuts, or at the scenario's\n"
    "A stage's period is decoding, computing and encoding; the slowest stage, transfer or shared link is "
    "the\n"
    "bottleneck, and microbatch / bottleneck the rate. The fill latency is one microbatch's way through the\n"
    "empty pipeline. Memory is a hard constraint.\n"
    "These figures take each link for one rate: its mean over the run, where it follows a trace, is changed\n"
    "by events or loses packets. So every plan is simulated too (mode simulate, fluid network, the run's "
    "own\n"
    "images, traces, arrivals, events and policy; of a long run the first 2000 microbatches), and where "
    "links\n"
    "change or a policy chooses the bits, optimal and joint try up to 8 plans and variations of the best "
    "one\n"
    "there, for some seconds, and take the one that is best in the simulation. The bound is what no plan "
    "exceeds; the gap\n"
    "is how far the simulated run stays below it. Bits that a policy chooses are shown as a range.\n"
    "A run plans by itself with policy.partition: {kind: optimal}. Exit codes: 0 ok, 1 infeasible (what is\n"
    "missing is said), 2 usage, 3 scenario or files invalid.\n"
    "Examples:\n"
    "  millrace plan scenarios/quickstart.yaml --algorithm optimal\n"
    "  millrace plan scenarios/quickstart.yaml --algorithm optimal --objective latency --json\n"
    "  millrace plan scenarios/joint.yaml --accuracy-floor 0.93\n"
    "  millrace plan --pipeedge models.yml,device_types.yml,devices.yml --model vit-base --microbatch 8";

}  // namespace

Verb add_plan_verb(CLI::App& program, const std::vector<std::string>&) {
  auto arguments = std::make_shared<PlanArguments>();
  auto& command = *program.add_subcommand("plan", "choose stages and devices, and predict rate and latency");
  add_scenario_options(command, arguments->scenario);
  command.get_option("FILE")->required(false);
  command
      .add_option("--algorithm", arguments->algorithm,
                  "optimal | joint | even | pipedream | fixed (default: what the scenario's "
                  "policy.partition.kind says; optimal with --pipeedge)")
      ->check(CLI::IsMember(planning_algorithms()));
  command
      .add_option("--objective", arguments->objective,
                  "throughput | latency (default: the scenario's, or throughput)")
      ->check(CLI::IsMember(std::vector<std::string>{"throughput", "latency"}));
  command.add_option("--latency-bound", arguments->latency_bound_s, "seconds of fill latency at most")
      ->check(CLI::PositiveNumber);
  command.add_option("--rate", arguments->rate, "images per second at least")->check(CLI::PositiveNumber);
  command
      .add_option("--accuracy-floor", arguments->accuracy_floor,
                  "for joint: predicted accuracy at least, from 0 to 1; the rate is to be highest")
      ->check(CLI::Range(1e-9, 1.0));
  command
      .add_option("--accuracy-table", arguments->accuracy_table,
                  "for joint: CSV that millrace-node eval wrote; its widths are chosen from")
      ->type_name("FILE");
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
  command
      .add_option("--schedule", arguments->schedule,
                  "write the plan as PipeEdge's schedule into FILE; - is stdout, and nothing else there")
      ->type_name("FILE");
  command.add_option("--microbatch", arguments->microbatch, "with --pipeedge: images per microbatch")
      ->check(CLI::Range(1, kMaxImagesPerMicrobatch))
      ->capture_default_str();
  command.add_flag("--json", arguments->json, "the plan as JSON on stdout, and nothing else there");
  command.footer(kFooter);
  return {&command, [arguments] { return plan(*arguments); }};
}

}  // namespace millrace
