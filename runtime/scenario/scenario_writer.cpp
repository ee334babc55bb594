#include "runtime/scenario/scenario_writer.hpp"

#include <fmt/ranges.h>

#include "runtime/base/sha256.hpp"
#include "runtime/scenario/names.hpp"
#include "runtime/scenario/network_writer.hpp"

namespace millrace {
namespace {

void write_model(Writer& out, const ModelSection& model) {
  const ModelConfig& config = model.config;
  out.line("model:");
  out.indent("  ");
  out.line("name: {}", config.name);
  out.line("weights: {}", model.weights == "random" ? model.weights : quoted_text(model.weights));
  out.line("microbatch: {}", model.microbatch);
  for (const ModelDimension& dimension : model_dimensions()) {
    if (dimension.of(config.family)) out.line("{}: {}", dimension.name, config.*dimension.value);
  }
  if (config.family == ModelFamily::vit)
    out.line("normalisation: {}", kNormalisationNames[static_cast<std::size_t>(config.normalisation)]);
  out.indent("");
}

void write_workload(Writer& out, const WorkloadSection& workload) {
  out.line("workload:");
  out.indent("  ");
  out.line("dataset: {}", workload.dataset.find(':') == std::string::npos ? workload.dataset
                                                                          : quoted_text(workload.dataset));
  out.line("images: {}", workload.images);
  out.line("arrivals: {}", name_of(workload.arrivals));
  if (workload.images_per_s > 0) out.line("rate: {}", format_real(Unit::image_rate, workload.images_per_s));
  out.indent("");
}

void write_device(Writer& out, const DeviceSection& device) {
  std::vector<std::string> roles;
  if (device.source) roles.emplace_back("source");
  if (device.sink) roles.emplace_back("sink");
  if (device.stage) roles.emplace_back("stage");
  out.indent("  ");
  out.line("- name: {}", name_text(device.name));
  out.indent("    ");
  out.line("runs: {}", names_text(roles));
  if (!device.profile.empty()) out.line("profile: {}", quoted_text(device.profile));
  if (device.flop_per_s > 0) out.line("speed: {}", format_real(Unit::speed, device.flop_per_s));
  if (device.memory) out.line("memory: {}", size_text(*device.memory));
  out.line("threads: {}", device.threads);
  out.line("slowdown: {}", number_text(device.slowdown));
  out.line("torch_device: {}", quoted_text(device.torch_device));
  if (!device.address.empty()) out.line("address: {}", quoted_text(device.address));
  out.indent("");
}

void write_event(Writer& out, const EventSection& event) {
  out.line("  - at: {}", duration_text(event.at));
  out.indent("    ");
  out.line("from: {}", name_text(event.from));
  out.line("to: {}", name_text(event.to));
  if (event.up) out.line("state: {}", *event.up ? "up" : "down");
  if (event.rate) out.line("rate: {}", format_exact(Unit::rate, event.rate->bit_per_s()));
  if (!event.trace.empty()) out.line("trace: {}", quoted_text(event.trace));
  if (event.delay) out.line("delay: {}", duration_text(*event.delay));
  if (event.loss) out.line("loss: {}", number_text(*event.loss));
  out.indent("");
}

void write_partition(Writer& out, const PolicySection::Partition& partition) {
  out.line("kind: {}", partition.kind);
  if (partition.kind == "fixed") out.line("cuts: [{}]", fmt::join(partition.cuts, ", "));
  if (!partition.devices.empty()) out.line("devices: {}", names_text(partition.devices));
  if (partition.kind == "optimal") out.line("objective: {}", partition.objective);
  if (partition.latency_bound) out.line("latency_bound: {}", duration_text(*partition.latency_bound));
  if (partition.target_images_per_s > 0)
    out.line("target_rate: {}", format_real(Unit::image_rate, partition.target_images_per_s));
  if (partition.accuracy_floor > 0) out.line("accuracy_floor: {}", number_text(partition.accuracy_floor));
  if (!partition.accuracy_table.empty())
    out.line("accuracy_table: {}", quoted_text(partition.accuracy_table));
}

void write_policy(Writer& out, const PolicySection& policy) {
  out.line("policy:");
  out.line("  partition:");
  out.indent("    ");
  write_partition(out, policy.partition);
  out.indent("");
  out.line("  quantization:");
  out.indent("    ");
  out.line("kind: {}", policy.quantization.kind);
  out.line("codec: {}", policy.quantization.codec);
  out.line("scope: {}", policy.quantization.scope);
  const auto& quantization = policy.quantization;
  if (quantization.kind == "fixed" && policy.partition.kind != "joint")
    out.line("bits: {}", number_text(quantization.bits));
  if (quantization.target_images_per_s > 0)
    out.line("target_rate: {}", format_real(Unit::image_rate, quantization.target_images_per_s));
  if (decides_in_windows(quantization.kind)) out.line("window: {}", quantization.window);
  if (!quantization.calibration.empty()) out.line("calibration: {}", quoted_text(quantization.calibration));
  out.indent("");
}

std::string quoted_list(const std::vector<std::string>& texts) {
  std::string result;
  for (const auto& text : texts) result += (result.empty() ? "" : ", ") + quoted_text(text);
  return "[" + result + "]";
}

void write_run(Writer& out, const RunSection& run, bool with_mode) {
  out.line("run:");
  out.indent("  ");
  if (with_mode) out.line("mode: {}", name_of(run.mode));
  if (with_mode) out.line("links: {}", name_of(run.links));
  out.line("seed: {}", run.seed);
  if (with_mode) out.line("compute: {}", name_of(run.compute));
  out.line("window: {}", run.window);
  out.line("timeout: {}", duration_text(run.timeout));
  out.line("heartbeat: {}", duration_text(run.heartbeat));
  out.line("lateness_limit: {}", duration_text(run.lateness_limit));
  if (run.link_interval) out.line("link_interval: {}", duration_text(*run.link_interval));
  if (!run.pcap.empty()) out.line("pcap: {}", quoted_list(run.pcap));
  out.indent("");
}

Unit unit_of(const std::string& metric) {
  if (metric == "throughput") return Unit::image_rate;
  return metric.starts_with("latency_") ? Unit::duration : Unit::none;
}

std::string text_of(const Scenario& scenario, bool with_mode) {
  Writer out;
  out.line("millrace: 1");
  out.line("name: {}", name_text(scenario.name));
  write_model(out, scenario.model);
  write_workload(out, scenario.workload);
  out.line("devices:");
  for (const auto& device : scenario.devices) write_device(out, device);
  write_network(out, scenario.network);
  if (!scenario.events.empty()) out.line("events:");
  for (const auto& event : scenario.events) write_event(out, event);
  write_policy(out, scenario.policy);
  write_run(out, scenario.run, with_mode);
  if (!scenario.expect.empty()) out.line("expect:");
  for (const auto& [metric, at_least, bound] : scenario.expect)
    out.line("  {}: \"{} {}\"", metric, at_least ? ">=" : "<=", format_real(unit_of(metric), bound));
  return out.take();
}

}  // namespace

std::string resolved_yaml(const Scenario& scenario) { return text_of(scenario, true); }

std::string scenario_hash(const Scenario& scenario) { return sha256_hex(text_of(scenario, false)); }

}  // namespace millrace
