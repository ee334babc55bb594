#include "sim/run/inputs.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "runtime/base/sha256.hpp"
#include "runtime/codec/klt_calibration.hpp"
#include "runtime/scenario/scenario_files.hpp"
#include "sim/bridge/agent_processes.hpp"

namespace millrace {
namespace {

namespace fs = std::filesystem;

// Finds the program as execvp would.
std::string on_the_path(const std::string& program) {
  if (program.find('/') != std::string::npos) return program;
  const char* folders = std::getenv("PATH");
  std::string_view rest = folders == nullptr ? "" : folders;
  while (!rest.empty()) {
    const auto folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(folder.size() + 1, rest.size()));
    const auto place = fs::path(folder) / program;
    std::error_code ignored;
    if (fs::is_regular_file(place, ignored)) return place.string();
  }
  return program;
}

// Whether devices use their own network, whatever the scenario says of links.
bool has_own_links(const RunSection& run) {
  return run.mode == Mode::deploy && run.links == LinksKind::given;
}

// Adds the calibrations of all cuts, whichever cuts the plan uses.
void add_calibrations(const Scenario& scenario, std::set<std::string>& files) {
  const std::string& folder = scenario.policy.quantization.calibration;
  if (folder.empty()) return;
  for (int cut = 1; cut < scenario.model.config.sub_layers(); ++cut) {
    const auto file = fs::path(folder) / calibration_file_name(cut);
    std::error_code ignored;
    if (fs::exists(file, ignored)) files.insert(file.string());
  }
}

}  // namespace

std::set<std::string> input_files(const Scenario& scenario) {
  std::set<std::string> files;
  for (const NamedFile& file : named_files(scenario)) {
    const bool of_links = file.key.starts_with("network.") || file.key.starts_with("events");
    const bool of_tensors = file.key.starts_with("model.") || file.key.starts_with("workload.");
    if (of_links && has_own_links(scenario.run)) continue;
    if (of_tensors && scenario.run.mode == Mode::simulate) continue;
    if (!file.folder) files.insert(file.path);
  }
  if (scenario.run.mode != Mode::simulate) add_calibrations(scenario, files);
  return files;
}

bool goes_to_agents(const Scenario& scenario) {
  return scenario.run.mode == Mode::deploy &&
         std::ranges::any_of(scenario.devices,
                             [](const DeviceSection& device) { return !device.address.empty(); });
}

Result<std::vector<std::pair<std::string, std::string>>> binary_hashes(Mode mode, bool local_agents) {
  std::vector<std::pair<std::string, std::string>> hashes;
  auto own = sha256_of_file("/proc/self/exe");
  if (!own) return own.error();
  hashes.emplace_back("millrace", *own);
  if (mode == Mode::simulate || !local_agents) return hashes;
  auto node = sha256_of_file(on_the_path(agent_program()));
  if (!node) return node.error();
  hashes.emplace_back("millrace-node", *node);
  return hashes;
}

}  // namespace millrace
