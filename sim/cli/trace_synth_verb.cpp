#include <fmt/format.h>

#include <memory>

#include "runtime/base/log.hpp"
#include "runtime/base/output_file.hpp"
#include "sim/cli/trace_verbs.hpp"
#include "sim/trace/trace_synth.hpp"
#include "sim/trace/trace_writer.hpp"

namespace millrace {
namespace {

struct SynthArguments {
  std::string kind, out;
  std::uint64_t seed = 1;
  double duration_s = 300;
};

int synth(const SynthArguments& arguments) {
  const auto made =
      synthesize({.kind = arguments.kind, .seed = arguments.seed, .duration_s = arguments.duration_s});
  if (!made) {
    log_error("{}", made.error().message);
    return static_cast<int>(made.error().code);
  }
  const auto text = csv_text(std::make_shared<const RateTrace>(*made),
                             fmt::format("generated: millrace trace synth {} --seed {} --duration {:g}",
                                         arguments.kind, arguments.seed, arguments.duration_s));
  if (auto written = write_output(arguments.out, text); !written) {
    log_error("{}", written.error().message);
    return static_cast<int>(written.error().code);
  }
  return 0;
}

}  // namespace

Verb trace_synth_verb(CLI::App& trace) {
  auto arguments = std::make_shared<SynthArguments>();
  auto& command = *trace.add_subcommand("synth", "generate a trace that resembles recordings");
  std::string kinds;
  for (const auto& kind : synth_kinds()) kinds += fmt::format("\n  {:<12}{}", kind.name, kind.fitted_to);
  command.add_option("KIND", arguments->kind, "see below")->required()->check(CLI::IsMember(synth_names()));
  command.add_option("OUT", arguments->out, "the trace, CSV; - is stdout")->required();
  command.add_option("--seed", arguments->seed, "the same seed gives the same trace")->capture_default_str();
  command.add_option("--duration", arguments->duration_s, "seconds")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 1e6));
  command.footer("Kinds, and the recordings their statistics were fitted to (traces/README.md):" + kinds);
  return {&command, [arguments] { return synth(*arguments); }};
}

}  // namespace millrace
