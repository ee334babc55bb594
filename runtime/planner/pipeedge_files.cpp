#include "runtime/planner/pipeedge_files.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <optional>
#include <set>

#include "runtime/base/limits.hpp"
#include "runtime/yaml/checked_yaml.hpp"

namespace millrace {

namespace {

using File = CheckedYaml;

constexpr std::size_t kMaxHosts = 1024;
constexpr double kBytesPerParameter = 4;  // torch.float32
constexpr std::string_view kDtype = "torch.float32";

// Our name of a model, and PipeEdge's.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kNames{{
    {"vit-base", "google/vit-base-patch16-224"},
    {"vit-large", "google/vit-large-patch16-224"},
    {"vit-huge", "google/vit-huge-patch14-224-in21k"},
    {"bert-base", "bert-base-uncased"},
    {"bert-large", "bert-large-uncased"},
    {"deit-tiny", "facebook/deit-tiny-distilled-patch16-224"},
    {"deit-small", "facebook/deit-small-distilled-patch16-224"},
    {"deit-base", "facebook/deit-base-distilled-patch16-224"},
}};

const YamlEntry* find_model(const File& file, const std::string& wanted) {
  std::string_view theirs;
  for (const auto& [name, other] : kNames)
    if (name == wanted) theirs = other;
  std::vector<std::string> known;
  const YamlEntry* found = nullptr;
  for (const auto& entry : file.entries(file.root(), "the file")) {
    if (entry.key == wanted) return &entry;
    if (entry.key == theirs) found = &entry;
    known.push_back(entry.key);
  }
  if (found == nullptr)
    file.fail(file.root(),
              fmt::format("there is no model \"{}\"; there are {}", wanted, fmt::join(known, ", ")));
  return found;
}

std::vector<double> per_layer(const File& file, const YamlNode& node, const std::string& what,
                              std::size_t layers) {
  auto numbers = file.numbers(node, what);
  if (numbers.size() != layers)
    file.fail(node, fmt::format("{} has {} numbers, the model has {} layers", what, numbers.size(), layers));
  return numbers;
}

void read_model(const File& file, const YamlEntry& model, double mega, PlanningProblem& problem) {
  const std::string what = "model " + model.key;
  const auto fields = file.fields(model.value, what, {"layers", "mem_MB", "parameters_in", "parameters_out"});
  problem.layers = file.whole(*fields.at("layers"), "layers", kMaxPipeEdgeLayers);
  if (problem.layers < 1) file.fail(*fields.at("layers"), what + " has no layers");
  const auto layers = static_cast<std::size_t>(problem.layers);
  problem.weight_bytes = per_layer(file, *fields.at("mem_MB"), "mem_MB", layers);
  for (double& bytes : problem.weight_bytes) bytes *= mega;
  std::vector<double> crossing{file.number(*fields.at("parameters_in"), "parameters_in")};
  for (const double values : per_layer(file, *fields.at("parameters_out"), "parameters_out", layers))
    crossing.push_back(values);
  for (double& values : crossing) values *= kBytesPerParameter * problem.images;
  problem.buffer_bytes = problem.activation_bytes = crossing;
  problem.codings = {{.bits_per_value = 32, .wire_bytes = crossing}};
  problem.first_stage_buffers_input = false;
}

struct DeviceType {
  double bit_per_s = 0, memory_bytes = 0;
  std::optional<std::vector<double>> compute_s;
};

// The profile at this microbatch; the batch sizes and types of the other profiles go into `others`.
std::optional<std::vector<double>> find_profile(const File& file, const YamlNode& profiles,
                                                const std::string& model, const PlanningProblem& problem,
                                                std::set<std::string>& others) {
  std::optional<std::vector<double>> found;
  for (const auto& entry : file.entries(profiles, "model_profiles")) {
    if (entry.key != model) continue;
    for (const auto& item : file.items(entry.value, "the profiles of " + entry.key)) {
      const auto fields = file.fields(item, "a profile", {"batch_size", "dtype", "time_s"});
      const int batch = file.whole(*fields.at("batch_size"), "batch_size", 1'000'000);
      const std::string& dtype = file.text(*fields.at("dtype"), "dtype");
      auto seconds =
          per_layer(file, *fields.at("time_s"), "time_s", static_cast<std::size_t>(problem.layers));
      if (batch != problem.images || dtype != kDtype) {
        others.insert(fmt::format("{} {}", batch, dtype));
      } else if (found) {
        file.fail(item, fmt::format("a second profile of {} for batch_size {}", model, batch));
      } else {
        found = std::move(seconds);
      }
    }
  }
  return found;
}

std::map<std::string, DeviceType> read_types(const File& file, const std::string& model, double mega,
                                             const PlanningProblem& problem, std::set<std::string>& others) {
  std::map<std::string, DeviceType> types;
  for (const auto& entry : file.entries(file.root(), "the file")) {
    const std::string what = "device type " + entry.key;
    const auto fields = file.fields(entry.value, what, {"bw_Mbps", "mem_MB", "model_profiles"});
    DeviceType type;
    type.bit_per_s = file.number(*fields.at("bw_Mbps"), "bw_Mbps") * mega;
    type.memory_bytes = file.number(*fields.at("mem_MB"), "mem_MB") * mega;
    type.compute_s = find_profile(file, *fields.at("model_profiles"), model, problem, others);
    types.emplace(entry.key, std::move(type));
  }
  return types;
}

// Devices in the order of the file, and the rates between them.
void read_hosts(const File& file, const std::map<std::string, DeviceType>& types, PlanningProblem& problem) {
  std::vector<double> rates;
  std::set<std::string> seen;
  for (const auto& entry : file.entries(file.root(), "the file")) {
    const auto type = types.find(entry.key);
    if (type == types.end())
      file.fail(entry.value, fmt::format("device_types.yml has no type \"{}\"", entry.key));
    for (const auto& item : file.items(entry.value, "hosts of " + entry.key)) {
      const std::string& host = file.text(item, "a host");
      if (!seen.insert(host).second) file.fail(item, fmt::format("host \"{}\" appears twice", host));
      if (seen.size() > kMaxHosts) file.fail(item, fmt::format("more than {} hosts", kMaxHosts));
      PlanningDevice device;
      device.name = host;
      device.stage = type->second.compute_s.has_value();
      if (device.stage) device.compute_s = *type->second.compute_s;
      device.memory_bytes = type->second.memory_bytes;
      problem.devices.push_back(std::move(device));
      rates.push_back(type->second.bit_per_s);
    }
  }
  problem.hops.assign(rates.size(), std::vector<PlanningHop>(rates.size()));
  for (std::size_t u = 0; u < rates.size(); ++u)
    for (std::size_t v = 0; v < rates.size(); ++v)
      problem.hops[u][v].bit_per_s = std::min(rates[u], rates[v]);
}

Result<PlanningProblem> build(const PipeEdgeFiles& texts, const PipeEdgeFiles& names,
                              const std::string& model, int microbatch, PipeEdgeMega mega) {
  if (microbatch < 1 || microbatch > kMaxImagesPerMicrobatch)
    return Error{fmt::format("a microbatch has 1 to {} images, got {}", kMaxImagesPerMicrobatch, microbatch),
                 ExitCode::usage};
  const auto factor = static_cast<double>(mega);
  try {
    const File models(names.models, texts.models);
    const File device_types(names.device_types, texts.device_types);
    const File devices(names.devices, texts.devices);
    PlanningProblem problem;
    problem.images = microbatch;
    const YamlEntry& entry = *find_model(models, model);
    problem.model = entry.key;
    read_model(models, entry, factor, problem);
    std::set<std::string> others;
    const auto types = read_types(device_types, entry.key, factor, problem, others);
    read_hosts(devices, types, problem);
    if (problem.devices.empty()) devices.fail(devices.root(), "there are no hosts");
    bool any = false;
    for (const auto& device : problem.devices) any = any || device.stage;
    if (!any)
      device_types.fail(
          device_types.root(),
          fmt::format("no host has a profile of {} for batch_size {} and {}; there is: {}", entry.key,
                      microbatch, kDtype,
                      others.empty() ? "none at all" : fmt::format("{}", fmt::join(others, ", "))));
    if (auto sound = check_problem(problem); !sound) return sound.error();
    return problem;
  } catch (const File::Fault& fault) {
    return fault.error();
  }
}

}  // namespace

Result<PlanningProblem> parse_pipeedge_problem(const PipeEdgeFiles& texts, const std::string& model,
                                               int microbatch, PipeEdgeMega mega) {
  return build(texts, {"models.yml", "device_types.yml", "devices.yml"}, model, microbatch, mega);
}

Result<PlanningProblem> read_pipeedge_problem(const PipeEdgeFiles& files, const std::string& model,
                                              int microbatch, PipeEdgeMega mega) {
  PipeEdgeFiles texts;
  for (const auto& [path, text] :
       {std::pair(&files.models, &texts.models), std::pair(&files.device_types, &texts.device_types),
        std::pair(&files.devices, &texts.devices)}) {
    auto read = read_text_file(*path);
    if (!read) return read.error().in(*path);
    *text = std::move(*read);
  }
  return build(texts, files, model, microbatch, mega);
}

}  // namespace millrace
