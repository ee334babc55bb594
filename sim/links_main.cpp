// millrace-links: the verbs of this machine's real links, for devices. Users do not call it by this name:
// `millrace-node shape` and `millrace-node clean` execute it, so that the program that needs CAP_NET_ADMIN
// is small: no LibTorch, no agents, no network but the kernel's.
#include <array>
#include <string>
#include <vector>

#include "runtime/base/version.hpp"
#include "sim/cli/verb.hpp"

int main(int argc, char** argv) {
  using namespace millrace;
  CLI::App app{"millrace-links: real links of this machine; called by millrace-node.\n"};
  app.set_version_flag("--version", std::string("millrace-links ") + kRelease);
  const std::vector<std::string> command_line(argv, argv + argc);
  const std::array verbs = {add_shape_verb(app, command_line), add_clean_verb(app, command_line)};
  return run_program(app, verbs, argc, argv);
}
