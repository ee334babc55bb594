#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <thread>

#include "runtime/base/interrupt.hpp"
#include "runtime/base/log.hpp"
#include "runtime/shaping/shaper.hpp"
#include "runtime/shaping/summaries.hpp"
#include "runtime/shaping/token_bucket.hpp"
#include "runtime/yaml/quantity.hpp"
#include "sim/cli/verb.hpp"
#include "sim/links/real_links.hpp"
#include "sim/net/link_rate.hpp"
#include "sim/run/network_builder.hpp"
#include "sim/trace/trace_reader.hpp"

namespace millrace {
namespace {

struct ShapeArguments {
  std::string interface, rate, trace, scenario, duration, end = "loop";
  std::string queue = fmt::format("{} KiB", kDefaultQueue.count() / 1024);
  std::vector<std::string> link;
  double offset_s = 0, scale = 1;
};

struct Shape {
  std::shared_ptr<const RateTrace> rate;
  Bytes queue;
};

Error usage(std::string text) { return {std::move(text), ExitCode::usage}; }

Result<Shape> of_scenario(const ShapeArguments& arguments) {
  if (arguments.link.size() != 2) return usage("--scenario needs --link FROM TO, two of its devices");
  const auto scenario =
      read_scenario_or_complain({.file = arguments.scenario, .mode = {}, .seed = {}, .set = {}});
  if (!scenario) return Error{arguments.scenario + ": nothing is shaped", ExitCode::invalid_input};
  const auto spec = build_network_spec(*scenario);
  if (!spec) return spec.error();
  for (const auto& link : spec->links) {
    if (spec->devices[link.from.value] != arguments.link[0] ||
        spec->devices[link.to.value] != arguments.link[1])
      continue;
    if (auto possible = RealLinks::check(*spec); !possible) log_warning("{}", possible.error().message);
    return Shape{rate_trace_of(link.rate), link.queue};
  }
  return usage(
      fmt::format("{} has no link from {} to {}", arguments.scenario, arguments.link[0], arguments.link[1]));
}

Result<Shape> of_options(const ShapeArguments& arguments) {
  const auto queue = parse_exact(Unit::size, arguments.queue);
  if (!queue) return usage("--queue " + queue.error().message);
  if (!arguments.rate.empty()) {
    const auto rate = parse_exact(Unit::rate, arguments.rate);
    if (!rate) return usage("--rate " + rate.error().message);
    if (*rate < 0 || *rate > RateTrace::kMaxBitPerS)
      return usage(fmt::format("--rate must be within 0 and {}", kMaxRateText));
    return Shape{std::make_shared<const RateTrace>(RateTrace::constant(BitRate(*rate))), Bytes(*queue)};
  }
  const auto end =
      arguments.end == "hold" ? TraceEnd::hold : (arguments.end == "once" ? TraceEnd::once : TraceEnd::loop);
  const auto trace = read_trace(
      arguments.trace,
      {.at_end = end, .offset = Duration::from_seconds(arguments.offset_s), .scale = arguments.scale});
  if (!trace) return trace.error();
  return Shape{rate_trace_of(*trace), Bytes(*queue)};
}

Result<void> shape(const ShapeArguments& arguments) {
  if (int{!arguments.rate.empty()} + int{!arguments.trace.empty()} + int{!arguments.scenario.empty()} != 1)
    return usage("give one of --rate, --trace and --scenario");
  Duration limit = Duration::max();
  if (!arguments.duration.empty()) {
    const auto given = parse_exact(Unit::duration, arguments.duration);
    if (!given) return usage("--for " + given.error().message);
    limit = Duration::ns(*given);
  }
  const auto wanted = arguments.scenario.empty() ? of_options(arguments) : of_scenario(arguments);
  if (!wanted) return wanted.error();
  catch_interrupts();
  const TraceSchedule schedule(wanted->rate);
  auto bucket = TokenBucket::attach(arguments.interface, schedule.rate_at(Time::zero()), wanted->queue);
  if (!bucket) return bucket.error();
  Shaper shaper({{&*bucket, &schedule}});
  if (auto started = shaper.start(); !started) return started;
  log_note("{} is shaped, {:g} Mbit/s at first; Ctrl-C ends it", arguments.interface,
           schedule.rate_at(Time::zero()).mbit_per_s());
  const auto begin = std::chrono::steady_clock::now();
  while (!interrupt_requested() && !shaper.failed()) {
    const std::chrono::nanoseconds past = std::chrono::steady_clock::now() - begin;
    if (past.count() >= limit.count_ns()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return shaper.stop();
}

}  // namespace

Verb add_shape_verb(CLI::App& program, const std::vector<std::string>& command_line) {
  auto arguments = std::make_shared<ShapeArguments>();
  auto& command = *program.add_subcommand("shape", kShapeSummary);
  command.add_option("INTERFACE", arguments->interface, "what leaves through it is shaped")->required();
  command.add_option("--rate", arguments->rate, "'20 Mbit/s'")->type_name("RATE");
  command.add_option("--trace", arguments->trace, "replay this trace, from now on")->type_name("FILE");
  command.add_option("--scenario", arguments->scenario, "as a link of this scenario, events included")
      ->type_name("FILE");
  command.add_option("--link", arguments->link, "with --scenario: FROM TO, its devices")->expected(2);
  command.add_option("--offset", arguments->offset_s, "with --trace: seconds into it where to begin")
      ->check(CLI::Range(0.0, 1e9));
  command.add_option("--scale", arguments->scale, "with --trace: times every rate")
      ->check(CLI::Range(1e-9, 1e6));
  command.add_option("--end", arguments->end, "with --trace: loop, hold or once")
      ->check(CLI::IsMember({"loop", "hold", "once"}))
      ->capture_default_str();
  command.add_option("--queue", arguments->queue, "what waits in front of it; more is dropped")
      ->capture_default_str();
  command.add_option("--for", arguments->duration, "end by itself after '10 s'")->type_name("DURATION");
  const auto name = std::filesystem::path(command_line.at(0)).filename().string();
  command.footer(fmt::format(
      "Needs root, or the capability CAP_NET_ADMIN. The interface is as before when this ends, by Ctrl-C\n"
      "too; after kill -9, `{0} clean` puts it right. Only outgoing traffic is shaped: run it at both\n"
      "ends for both directions. Delay and loss are not imposed.\n"
      "Examples:\n"
      "  {0} shape eth0 --rate '20 Mbit/s'\n"
      "  {0} shape wlan0 --trace traces/lte-drive.csv\n"
      "  {0} shape eth0 --scenario my.yaml --link board-a board-b",
      name));
  return {&command, [arguments] {
            const auto done = shape(*arguments);
            if (done) return 0;
            log_error("{}", done.error().message);
            return static_cast<int>(done.error().code);
          }};
}

}  // namespace millrace
