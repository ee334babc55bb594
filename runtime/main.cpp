// millrace-node: the program that runs on a device.
#include <array>
#include <csignal>
#include <string>
#include <vector>

#include "runtime/base/version.hpp"
#include "runtime/cli/verb.hpp"

namespace {

using namespace millrace;

constexpr std::array kVerbs = {
    add_agent_verb, add_eval_verb, add_calibrate_verb, add_profile_verb, add_shape_verb, add_clean_verb,
};

constexpr const char* kFooter =
    "Exit codes: 0 ok, 1 failed, 2 usage, 3 scenario or another input invalid, 6 host or neighbour lost, 7 "
    "nobody "
    "answered,\n8 authentication.\n\nExample, with the host waiting for agents at 192.0.2.1:7000 (millrace "
    "run FILE --agents "
    "192.0.2.1:7000):\n  millrace-node agent --connect 192.0.2.1:7000 --device board-a";

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app{"millrace-node: the part of millrace that runs on a device: real tensors, real stages.\n"};
  app.set_version_flag("--version", std::string("millrace-node ") + kRelease);
  app.footer(kFooter);
  std::vector<Verb> verbs;
  verbs.reserve(kVerbs.size());
  for (const auto add : kVerbs) verbs.push_back(add(app));
  return run_program(app, verbs, argc, argv);
}
