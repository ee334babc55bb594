#include "sim/run/inputs.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "runtime/base/sha256.hpp"
#include "runtime/codec/klt_calibration.hpp"
#include "runtime/scenario/topology_links.hpp"
#include "sim/bridge/agent_processes.hpp"

namespace millrace {
namespace {

namespace fs = std::filesystem;

// As execvp looks for it.
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

// Those of every cut: which of them count is the plan's affair.
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
  for (const auto& device : scenario.devices) files.insert(device.profile);
  files.insert(scenario.policy.partition.accuracy_table);
  if (scenario.run.mode != Mode::deploy) {
    for (const auto& link : point_to_point_links(scenario.network))
      files.insert({link.trace, link.delay_trace, link.loss_trace});
    for (const auto& event : scenario.events) files.insert(event.trace);
  }
  if (scenario.run.mode != Mode::simulate) {
    if (scenario.model.weights != "random") files.insert(scenario.model.weights);
    const std::string& dataset = scenario.workload.dataset;
    if (const auto colon = dataset.find(':'); colon != dataset.npos) files.insert(dataset.substr(colon + 1));
    add_calibrations(scenario, files);
  }
  files.erase(std::string());
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
