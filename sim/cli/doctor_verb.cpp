#include <memory>

#include "runtime/base/log.hpp"
#include "sim/cli/complaint.hpp"
#include "sim/cli/verb.hpp"
#include "sim/doctor/report.hpp"
#include "sim/run/network_builder.hpp"

namespace millrace {
namespace {

struct DoctorArguments {
  ScenarioArguments scenario;
  bool json = false;
};

// The verdict on emulate, whatever the scenario's own mode.
Result<Verdict> verdict_of(const Scenario& scenario, const Machine& machine, std::vector<Carried>& carried) {
  const auto spec = build_network_spec(scenario);
  if (!spec) return spec.error();
  if (scenario.network.kind == NetworkKind::fluid) return judge(scenario, *spec, machine, nullptr);
  auto own = measure_carried(spec->transport, spec->mtu);
  if (!own) return own.error();
  carried.push_back(*own);
  return judge(scenario, *spec, machine, &carried.back());
}

int doctor(const DoctorArguments& arguments) {
  std::optional<Scenario> scenario;
  if (!arguments.scenario.file.empty()) {
    scenario = read_scenario_or_complain(arguments.scenario);
    if (!scenario) return static_cast<int>(ExitCode::invalid_input);
  }
  Findings findings{.machine = examine_machine(), .carried = {}, .scenario = {}, .verdict = {}};
  for (const auto transport : {Transport::tcp, Transport::raw}) {
    for (const std::int64_t mtu : {256, 576, 1500, 9000}) {
      auto carried = measure_carried(transport, Bytes(mtu));
      if (carried) findings.carried.push_back(*carried);
      if (!carried) log_warning("{}", carried.error().message);
    }
  }
  if (scenario) {
    auto verdict = verdict_of(*scenario, findings.machine, findings.carried);
    if (!verdict) return complain_of(arguments.scenario, verdict.error());
    findings.scenario = scenario->name;
    findings.verdict = std::move(*verdict);
  }
  if (!print_all(arguments.json ? doctor_json(findings) : doctor_table(findings)))
    return static_cast<int>(ExitCode::run_failed);
  const bool no = findings.verdict && findings.verdict->fitness == Fitness::no;
  return static_cast<int>(no ? ExitCode::fidelity : ExitCode::ok);
}

}  // namespace

Verb add_doctor_verb(CLI::App& program, const std::vector<std::string>&) {
  auto arguments = std::make_shared<DoctorArguments>();
  auto& command = *program.add_subcommand(
      "doctor",
      "measure what this machine can carry in mode emulate; with FILE also whether that is enough for the "
      "scenario (exit code 4: it is not)");
  add_scenario_options(command, arguments->scenario);
  command.get_option("FILE")->required(false);
  command.add_flag("--json", arguments->json, "print the findings as JSON");
  return {&command, [arguments] { return doctor(*arguments); }};
}

}  // namespace millrace
