// The keys of `run` and `expect`.
#include "runtime/scenario/tables.hpp"

namespace millrace {
namespace {

void add_how(Table<RunSection>& table) {
  table.key(&RunSection::mode,
            {.path = "mode",
             .doc = "Pure simulation, virtual-time co-simulation, real-time emulation, or real devices.",
             .how = true});
  table.key(&RunSection::links,
            {.path = "links",
             .doc = "Mode deploy: the machines' own network as it is `given`, or `netns`: all devices on "
                    "this machine, a network namespace each, joined by real links shaped as `network.links` "
                    "says (needs root; no Wi-Fi).",
             .how = true});
  table.key(&RunSection::seed, {.path = "seed", .doc = "Seed of every random number of the run."});
  table.key(&RunSection::compute,
            {.path = "compute",
             .doc = "Charge compute by the device's profile or speed, or by measured time and `slowdown`. "
                    "Default: measured where real devices run on the wall clock (deploy with "
                    "`devices[].address`; deploy or emulate with `--agents`), else profile.",
             .how = true});
  table.no_default();
}

// What a run waits for, and how long.
void add_patience(Table<RunSection>& table) {
  table.key(
      &RunSection::window,
      {.path = "window", .doc = "Activations a receiver grants its sender.", .least = 1, .most = 1'024});
  table.key(&RunSection::timeout,
            {.path = "timeout",
             .doc = "How long to wait, by the wall clock, for agents that do not connect or make no "
                    "progress, and for a simulated network in which nothing arrives.",
             .least = 1'000'000,
             .most = 24 * kHourNs});
  table.key(&RunSection::heartbeat,
            {.path = "heartbeat",
             .doc = "How often agents and host signal that they live; after two without a signal the peer is "
                    "lost.",
             .least = 20'000'000,
             .most = kHourNs});
  table.key(&RunSection::lateness_limit,
            {.path = "lateness_limit",
             .doc = "Mode emulate: how late anything may happen by the wall clock before the run fails.",
             .least = 1,
             .most = 24 * kHourNs});
}

}  // namespace

const Table<RunSection>& run_table() {
  static const Table<RunSection> table = [] {
    Table<RunSection> made;
    add_how(made);
    add_patience(made);
    made.key(&RunSection::link_interval,
             {.path = "link_interval",
              .doc = "Simulated links: the interval of one row of `links.csv`. Default: 1 s, doubled in long "
                     "runs until a link has at most 1,024 rows.",
              .least = 1'000'000,
              .most = 24 * kHourNs});
    made.texts(&RunSection::pcap,
               {.path = "pcap",
                .doc = "Links of ns-3, or of `netns`, whose packets are captured, for Wireshark.",
                .max_items = 1'024},
               {.kind = ValueKind::text,
                .doc = "Two devices with `-` (or `<->`) between them, for both directions, or with `->` for "
                       "one."});
    return made;
  }();
  return table;
}

void add_expect(Schema& schema) {
  const auto bound = [&](const char* name, Unit unit, const char* doc, double high) {
    schema.keys.push_back({.path = std::string("expect.") + name,
                           .kind = ValueKind::bound,
                           .unit = unit,
                           .doc = doc,
                           .high = high});
  };
  bound("throughput", Unit::image_rate, "Images per second.", 1e9);
  bound("latency_p50", Unit::duration, "Median time of a microbatch from source to sink.", 1e6);
  bound("latency_p95", Unit::duration, "95th percentile of that time.", 1e6);
  bound("latency_p99", Unit::duration, "99th percentile of that time.", 1e6);
  bound("accuracy", Unit::none, "Share of images classified right, from 0 to 1.", 1);
  bound("share_meeting_target", Unit::none,
        "Share of what `policy.quantization.target_rate` asks for that came in time, from 0 to 1.", 1);
  bound("bits_per_value", Unit::none, "Mean bits per value of all that was quantized, ranges included.", 64);
}

}  // namespace millrace
