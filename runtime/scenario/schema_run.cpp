// The rows of `run` and `expect` in the table of keys.
#include "runtime/scenario/names.hpp"
#include "runtime/scenario/schema_rows.hpp"

namespace millrace {
namespace {

using Kind = ValueKind;
constexpr std::int64_t kHourNs = std::int64_t{3'600} * 1'000'000'000;

void add_expect(std::vector<Key>& keys) {
  keys.push_back(
      {.path = "expect", .kind = Kind::map, .doc = "Bounds the run must meet, or it ends with exit code 5."});
  const auto bound = [&](const char* name, Unit unit, const char* doc, double high) {
    keys.push_back(
        {.path = std::string("expect.") + name, .kind = Kind::bound, .unit = unit, .doc = doc, .high = high});
  };
  bound("throughput", Unit::image_rate, "Images per second.", 1e9);
  bound("latency_p50", Unit::duration, "Median time of a microbatch from source to sink.", 1e6);
  bound("latency_p95", Unit::duration, "95th percentile of it.", 1e6);
  bound("latency_p99", Unit::duration, "99th percentile of it.", 1e6);
  bound("accuracy", Unit::none, "Share of images classified right, from 0 to 1.", 1);
  bound("share_meeting_target", Unit::none,
        "Share of what `policy.quantization.target_rate` asks for that came in time, from 0 to 1.", 1);
  bound("bits_per_value", Unit::none, "Mean bits per value of all that was quantized, ranges included.", 64);
}

// What a run waits for, and for how long.
void add_patience(std::vector<Key>& keys) {
  keys.push_back({.path = "run.window",
                  .kind = Kind::exact,
                  .doc = "Activations a receiver grants its sender.",
                  .fallback = "2",
                  .least = 1,
                  .most = 1'024});
  keys.push_back({.path = "run.timeout",
                  .kind = Kind::exact,
                  .unit = Unit::duration,
                  .doc =
                      "How long agents are waited for that do not come, or make no progress, and a simulated "
                      "network in which nothing arrives; by the wall clock.",
                  .fallback = "60 s",
                  .least = 1'000'000,
                  .most = 24 * kHourNs});
  keys.push_back(
      {.path = "run.heartbeat",
       .kind = Kind::exact,
       .unit = Unit::duration,
       .doc = "How often agents and host say that they are there; silent for two of these is lost.",
       .fallback = "1 s",
       .least = 20'000'000,
       .most = kHourNs});
  keys.push_back({.path = "run.lateness_limit",
                  .kind = Kind::exact,
                  .unit = Unit::duration,
                  .doc = "Mode emulate: how late anything may happen by the wall clock before the run fails.",
                  .fallback = "20 ms",
                  .least = 1,
                  .most = 24 * kHourNs});
}

}  // namespace

void add_run(std::vector<Key>& keys) {
  keys.push_back({.path = "run", .kind = Kind::map, .doc = "How it is run."});
  keys.push_back({.path = "run.mode",
                  .kind = Kind::choice,
                  .doc = "Pure simulation, virtual-time co-simulation, real-time emulation, or real devices.",
                  .fallback = "cosim",
                  .choices = words(kModeNames)});
  keys.push_back({.path = "run.seed",
                  .kind = Kind::exact,
                  .doc = "Of every random number of the run.",
                  .fallback = "1"});
  keys.push_back(
      {.path = "run.compute",
       .kind = Kind::choice,
       .doc = "Charge compute by the device's profile or speed, or by measured time and `slowdown`. Default: "
              "measured where real devices run on the wall clock (deploy with `devices[].address`; deploy or "
              "emulate with `--agents`), else profile.",
       .choices = words(kComputeNames)});
  keys.push_back({.path = "run.links",
                  .kind = Kind::choice,
                  .doc =
                      "Mode deploy: the machines' own network as it is `given`, or `netns`: all devices on "
                      "this machine, a network namespace each, joined by real links shaped as "
                      "`network.links` says (needs root; no delay, no loss).",
                  .fallback = "given",
                  .choices = words(kLinksNames)});
  add_patience(keys);
  keys.push_back({.path = "run.link_interval",
                  .kind = Kind::exact,
                  .unit = Unit::duration,
                  .doc = "Simulated links: what `links.csv` sums up in one row. Default: 1 s, doubled in "
                         "long runs until a link has at most 1,024 rows.",
                  .least = 1'000'000,
                  .most = 24 * kHourNs});
  keys.push_back({.path = "run.pcap",
                  .kind = Kind::list,
                  .doc = "Links of ns-3 whose packets are captured, for Wireshark.",
                  .max_items = 1'024});
  keys.push_back(
      {.path = "run.pcap[]",
       .kind = Kind::text,
       .doc = "Two devices with `-` (or `<->`) between them, for both directions, or with `->` for one."});
  add_expect(keys);
}

}  // namespace millrace
