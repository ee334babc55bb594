// millrace-links: the verbs of this machine's real links, for devices. Surprising fact: nobody calls it by
// this name. `millrace-node shape` and `millrace-node clean` become it, so that what may have CAP_NET_ADMIN
// is small: no LibTorch, no agents, no network but the kernel's.
#include <array>
#include <exception>
#include <string>
#include <vector>

#include "runtime/base/log.hpp"
#include "runtime/base/version.hpp"
#include "sim/cli/verb.hpp"

int main(int argc, char** argv) {
  using namespace millrace;
  CLI::App app{"millrace-links: real links of this machine; called by millrace-node.\n"};
  app.set_version_flag("--version", std::string("millrace-links ") + kRelease);
  app.require_subcommand(1);
  const std::vector<std::string> command_line(argv, argv + argc);
  const std::array verbs = {add_shape_verb(app, command_line), add_clean_verb(app, command_line)};
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& stop) {
    return app.exit(stop) == 0 ? 0 : static_cast<int>(ExitCode::usage);
  }
  try {
    for (const auto& verb : verbs) {
      if (verb.command->parsed()) return verb.run();
    }
  } catch (const std::exception& thrown) {
    log_error("{}", thrown.what());
  }
  return static_cast<int>(ExitCode::run_failed);
}
