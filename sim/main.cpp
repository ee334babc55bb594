// millrace: the host. Reads a scenario, simulates its network, drives its nodes, writes the run directory.
#include <array>

#include "runtime/base/version.hpp"
#include "sim/cli/verb.hpp"

namespace {

using namespace millrace;

constexpr std::array kVerbs = {
    add_run_verb,    add_sweep_verb, add_compare_verb, add_report_verb, add_plan_verb,  add_validate_verb,
    add_doctor_verb, add_trace_verb, add_keys_verb,    add_shape_verb,  add_clean_verb,
};

constexpr const char* kExamples =
    "\nExamples:\n"
    "  millrace run scenarios/quickstart.yaml\n"
    "  millrace run scenarios/quickstart.yaml --mode simulate --set 'network.links[1].delay=10 ms'\n"
    "  millrace plan scenarios/quickstart.yaml\n"
    "  millrace validate my-scenario.yaml\n"
    "  millrace doctor scenarios/quickstart.yaml\n"
    "  millrace sweep scenarios/sweep-example.yaml\n"
    "  millrace compare runs/simulated runs/deployed\n"
    "  millrace report runs/mine\n"
    "  millrace trace info traces/lte-drive.csv\n"
    "  millrace keys fleet --scenario my-scenario.yaml\n"
    "Scenario keys: scenarios/README.md";

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"millrace: pipeline inference on edge devices over simulated and real links.\n"};
  app.set_version_flag("--version", std::string("millrace ") + kRelease);
  app.footer(std::string(kExitCodes) + kExamples);
  const std::vector<std::string> command_line(argv, argv + argc);
  std::vector<Verb> verbs;
  verbs.reserve(kVerbs.size());
  for (const auto add : kVerbs) verbs.push_back(add(app, command_line));
  return run_program(app, verbs, argc, argv);
}
