#include "runtime/scenario/scenario_writer.hpp"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "runtime/base/sha256.hpp"
#include "runtime/scenario/decimal.hpp"
#include "runtime/scenario/names.hpp"
#include "runtime/scenario/quantity.hpp"

namespace millrace {
namespace {

// Double quotes: everything inside is literal but \ and ".
std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

// A name needs quotes only where YAML would read it as something else.
std::string name(const std::string& text) { return surprises_as_text(text) ? quoted(text) : text; }

std::string names(const std::vector<std::string>& texts) {
  std::string result;
  for (const auto& text : texts) result += (result.empty() ? "" : ", ") + name(text);
  return "[" + result + "]";
}

std::string duration(Duration value) { return format_exact(Unit::duration, value.count_ns()); }
std::string size(Bytes value) { return format_exact(Unit::size, value.count()); }
std::string number(double value) { return format_real(Unit::none, value); }

class Writer {
 public:
  // One line; `key: value` at the current depth.
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    text_ += indent_;
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    text_ += '\n';
  }
  void indent(std::string spaces) { indent_ = std::move(spaces); }
  std::string take() { return std::move(text_); }

 private:
  std::string text_, indent_;
};

void write_model(Writer& out, const ModelSection& model) {
  const ModelConfig& config = model.config;
  out.line("model:");
  out.indent("  ");
  out.line("name: {}", config.name);
  out.line("weights: {}", model.weights == "random" ? model.weights : quoted(model.weights));
  out.line("microbatch: {}", model.microbatch);
  for (const ModelDimension& dimension : model_dimensions()) {
    if (dimension.of(config.family)) out.line("{}: {}", dimension.name, config.*dimension.value);
  }
  out.indent("");
}

void write_workload(Writer& out, const WorkloadSection& workload) {
  out.line("workload:");
  out.indent("  ");
  out.line("dataset: {}",
           workload.dataset.find(':') == std::string::npos ? workload.dataset : quoted(workload.dataset));
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
  out.line("- name: {}", name(device.name));
  out.indent("    ");
  out.line("runs: {}", names(roles));
  if (!device.profile.empty()) out.line("profile: {}", quoted(device.profile));
  if (device.flop_per_s > 0) out.line("speed: {}", format_real(Unit::speed, device.flop_per_s));
  if (device.memory) out.line("memory: {}", size(*device.memory));
  out.line("threads: {}", device.threads);
  out.line("slowdown: {}", number(device.slowdown));
  out.indent("");
}

// Two equal directions one after the other are written as the pair they were read from, so that
// `network.links[i]` means the same in both files.
bool is_pair(const LinkSection& there, LinkSection back) {
  std::swap(back.from, back.to);
  return there == back;
}

void write_link(Writer& out, const LinkSection& link, bool both_directions) {
  out.indent("    ");
  if (both_directions) {
    out.line("- between: {}", names({link.from, link.to}));
    out.indent("      ");
  } else {
    out.line("- from: {}", name(link.from));
    out.indent("      ");
    out.line("to: {}", name(link.to));
  }
  if (link.rate) out.line("rate: {}", format_exact(Unit::rate, link.rate->bit_per_s()));
  if (!link.trace.empty()) out.line("trace: {}", quoted(link.trace));
  out.line("trace_format: {}", name_of(link.trace_format));
  out.line("trace_end: {}", name_of(link.trace_end));
  out.line("trace_rows: {}", name_of(link.trace_rows));
  if (!link.trace_series.empty()) out.line("trace_series: {}", quoted(link.trace_series));
  out.line("trace_offset: {}", duration(link.trace_offset));
  out.line("trace_scale: {}", number(link.trace_scale));
  out.line("delay: {}", duration(link.delay));
  out.line("queue: {}", size(link.queue));
  out.line("loss: {}", number(link.loss));
  out.indent("");
}

void write_network(Writer& out, const NetworkSection& network) {
  out.line("network:");
  out.indent("  ");
  if (network.kind) out.line("kind: {}", name_of(*network.kind));  // absent: the mode decides
  out.line("transport: {}", name_of(network.transport));
  out.line("tcp: {}", network.tcp);
  out.line("mtu: {}", size(network.mtu));
  out.line("links:{}", network.links.empty() ? " []" : "");
  for (std::size_t i = 0; i < network.links.size(); ++i) {
    const bool pair = i + 1 < network.links.size() && is_pair(network.links[i], network.links[i + 1]);
    write_link(out, network.links[i], pair);
    if (pair) ++i;
  }
  out.indent("");
}

void write_event(Writer& out, const EventSection& event) {
  out.line("  - at: {}", duration(event.at));
  out.indent("    ");
  out.line("from: {}", name(event.from));
  out.line("to: {}", name(event.to));
  if (event.up) out.line("state: {}", *event.up ? "up" : "down");
  if (event.rate) out.line("rate: {}", format_exact(Unit::rate, event.rate->bit_per_s()));
  if (!event.trace.empty()) out.line("trace: {}", quoted(event.trace));
  if (event.delay) out.line("delay: {}", duration(*event.delay));
  if (event.loss) out.line("loss: {}", number(*event.loss));
  out.indent("");
}

void write_policy(Writer& out, const PolicySection& policy) {
  out.line("policy:");
  out.line("  partition:");
  out.indent("    ");
  out.line("kind: {}", policy.partition.kind);
  if (policy.partition.kind == "fixed") out.line("cuts: [{}]", fmt::join(policy.partition.cuts, ", "));
  if (!policy.partition.devices.empty()) out.line("devices: {}", names(policy.partition.devices));
  out.indent("");
  out.line("  quantization:");
  out.indent("    ");
  out.line("kind: {}", policy.quantization.kind);
  out.line("codec: {}", policy.quantization.codec);
  out.line("scope: {}", policy.quantization.scope);
  const auto& quantization = policy.quantization;
  if (quantization.kind == "fixed") out.line("bits: {}", number(quantization.bits));
  if (quantization.target_images_per_s > 0)
    out.line("target_rate: {}", format_real(Unit::image_rate, quantization.target_images_per_s));
  if (decides_in_windows(quantization.kind)) out.line("window: {}", quantization.window);
  if (!quantization.calibration.empty()) out.line("calibration: {}", quoted(quantization.calibration));
  out.indent("");
}

void write_run(Writer& out, const RunSection& run, bool with_mode) {
  out.line("run:");
  out.indent("  ");
  if (with_mode) out.line("mode: {}", name_of(run.mode));
  if (with_mode) out.line("links: {}", name_of(run.links));
  out.line("seed: {}", run.seed);
  out.line("compute: {}", name_of(run.compute));
  out.line("window: {}", run.window);
  out.line("timeout: {}", duration(run.timeout));
  out.indent("");
}

Unit unit_of(const std::string& metric) {
  if (metric == "throughput") return Unit::image_rate;
  return metric.starts_with("latency_") ? Unit::duration : Unit::none;
}

std::string text_of(const Scenario& scenario, bool with_mode) {
  Writer out;
  out.line("millrace: 1");
  out.line("name: {}", name(scenario.name));
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
