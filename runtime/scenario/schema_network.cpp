// The rows of `network` in the table of keys.
#include "runtime/base/limits.hpp"
#include "runtime/scenario/link_presets.hpp"
#include "runtime/scenario/names.hpp"
#include "runtime/scenario/schema_rows.hpp"

namespace millrace {
namespace {

using Kind = ValueKind;
constexpr std::int64_t kBillion = 1'000'000'000;
constexpr std::int64_t kHourNs = 3'600 * kBillion;
constexpr std::int64_t kLargestQueue = std::int64_t{1} << 40;

void add_trace(std::vector<Key>& keys, const std::string& link) {
  keys.push_back({.path = link + ".trace",
                  .kind = Kind::path,
                  .doc = "Recorded bit rate over time, instead of `rate`."});
  keys.push_back({.path = link + ".trace_format",
                  .kind = Kind::choice,
                  .doc = "How the trace file is read; `automatic` looks into it.",
                  .fallback = "automatic",
                  .choices = words(kTraceFormatNames)});
  keys.push_back(
      {.path = link + ".trace_end",
       .kind = Kind::choice,
       .doc = "After the trace's end: from its start again, its last rate for ever, or nothing any more.",
       .fallback = "loop",
       .choices = words(kTraceEndNames)});
  keys.push_back({.path = link + ".trace_rows",
                  .kind = Kind::choice,
                  .doc = "Two-column traces: whether a row holds over the interval that ends at its time "
                         "(Pensieve) or that starts there (Solis Wi-Fi).",
                  .fallback = "ending",
                  .choices = words(kTraceRowsNames)});
  keys.push_back({.path = link + ".trace_series",
                  .kind = Kind::text,
                  .doc = "Which series of a file with several: a column (`DL_bitrate`), or a run of a known "
                         "layout (`SPRINT/TCPx1/US-East`)."});
  keys.push_back({.path = link + ".trace_offset",
                  .kind = Kind::exact,
                  .unit = Unit::duration,
                  .doc = "Where in the trace the run begins; before its end.",
                  .fallback = "0 ms",
                  .most = 1'000 * kHourNs});
  keys.push_back({.path = link + ".trace_scale",
                  .kind = Kind::real,
                  .doc = "Every rate of the trace times this.",
                  .fallback = "1",
                  .high = 1e6,
                  .low_open = true});
}

void add_loss(std::vector<Key>& keys, const std::string& link) {
  keys.push_back({.path = link + ".loss",
                  .kind = Kind::real,
                  .doc = "Probability that a packet is lost, independent of the others.",
                  .fallback = "0",
                  .high = 1,
                  .high_open = true});
  keys.push_back(
      {.path = link + ".loss_trace",
       .kind = Kind::path,
       .doc = "That probability over time, instead of `loss`: a CSV of `time_s,loss`, from 0 to 1."});
  keys.push_back(
      {.path = link + ".loss_model",
       .kind = Kind::map,
       .doc = "Loss in bursts, instead of `loss`: Gilbert-Elliott, two states, stepped per packet."});
  const auto chance = [&](const char* name, const char* doc, const char* fallback, bool below_one) {
    keys.push_back({.path = link + ".loss_model." + name,
                    .kind = Kind::real,
                    .doc = doc,
                    .fallback = fallback,
                    .required = *fallback == '\0',
                    .high = 1,
                    .high_open = below_one});
  };
  chance("p", "Probability of going from good to bad.", "", false);
  chance("r", "Probability of going from bad to good; 1/r packets is the mean stay in bad.", "", false);
  chance("good_loss", "Probability of loss in good (1 - k).", "0", true);
  chance("bad_loss", "Probability of loss in bad (1 - h).", "1", false);
}

// Everything of a link but its ends.
void add_link_properties(std::vector<Key>& keys, const std::string& link) {
  keys.push_back(
      {.path = link + ".preset",
       .kind = Kind::choice,
       .doc = "Rate, delay, queue, loss and overhead of a kind of link by name (below); keys given beside it "
              "count instead. Of one with two directions, NAME is up from `from` or the first of `between`.",
       .choices = preset_names()});
  keys.push_back({.path = link + ".rate",
                  .kind = Kind::exact,
                  .unit = Unit::rate,
                  .doc = "Constant bit rate.",
                  .least = 1,
                  .most = kMaxBitPerS});
  add_trace(keys, link);
  keys.push_back({.path = link + ".delay",
                  .kind = Kind::exact,
                  .unit = Unit::duration,
                  .doc = "Propagation delay.",
                  .fallback = "0 ms",
                  .most = kHourNs});
  keys.push_back({.path = link + ".delay_trace",
                  .kind = Kind::path,
                  .doc =
                      "Propagation delay over time, instead of `delay`: a CSV of `time_s,delay_ms`, or one "
                      "number of ms per line, 10 ms each (LeoReplayer). Ends as `trace_end` says."});
  keys.push_back({.path = link + ".queue",
                  .kind = Kind::exact,
                  .unit = Unit::size,
                  .doc = "What the sending end holds waiting; at least one `mtu`.",
                  .fallback = "256 KiB",
                  .least = 1,
                  .most = kLargestQueue});
  keys.push_back(
      {.path = link + ".queue_discipline",
       .kind = Kind::choice,
       .doc = "ns-3 with tcp: what drops where: the last packet when the queue is full, or CoDel, FQ-CoDel "
              "or PIE with `queue` as their limit.",
       .fallback = "drop-tail",
       .choices = words(kQueueDisciplineNames)});
  add_loss(keys, link);
  keys.push_back(
      {.path = link + ".overhead",
       .kind = Kind::exact,
       .unit = Unit::size,
       .doc = "Bytes of layer 2 that every packet costs on this link beside its IP size: 38 B with Ethernet.",
       .fallback = "0 B",
       .most = 65'535});
}

void add_links(std::vector<Key>& keys) {
  keys.push_back({.path = "network.links",
                  .kind = Kind::list,
                  .doc = "The links; none where one device does it all.",
                  .max_items = 65'536});
  const std::string link = "network.links[]";
  keys.push_back(
      {.path = link, .kind = Kind::map, .doc = "A link, at most one per direction between two devices."});
  keys.push_back({.path = link + ".between",
                  .kind = Kind::list,
                  .doc = "Two device names: the link is the same in both directions.",
                  .min_items = 2,
                  .max_items = 2});
  keys.push_back({.path = link + ".between[]", .kind = Kind::name, .doc = "A device."});
  keys.push_back(
      {.path = link + ".from", .kind = Kind::name, .doc = "Sending device of a link in one direction."});
  keys.push_back(
      {.path = link + ".to", .kind = Kind::name, .doc = "Receiving device of a link in one direction."});
  add_link_properties(keys, link);
}

void add_access(std::vector<Key>& keys, const std::string& segment) {
  const std::string access = segment + ".access";
  keys.push_back({.path = access,
                  .kind = Kind::list,
                  .doc = "star: the members and their access links; every member once.",
                  .min_items = 1,
                  .max_items = 1'024});
  keys.push_back({.path = access + "[]", .kind = Kind::map, .doc = "Members whose access links are alike."});
  keys.push_back({.path = access + "[].members",
                  .kind = Kind::list,
                  .doc = "Devices.",
                  .required = true,
                  .min_items = 1,
                  .max_items = 1'024});
  keys.push_back({.path = access + "[].members[]", .kind = Kind::name, .doc = "A device."});
  keys.push_back({.path = access + "[].up",
                  .kind = Kind::map,
                  .doc = "Each member's link to the hub.",
                  .required = true});
  add_link_properties(keys, access + "[].up");
  keys.push_back({.path = access + "[].down",
                  .kind = Kind::map,
                  .doc = "The hub's link to each member.",
                  .required = true});
  add_link_properties(keys, access + "[].down");
}

void add_wifi(std::vector<Key>& keys, const std::string& segment) {
  keys.push_back({.path = segment + ".access_point",
                  .kind = Kind::name,
                  .doc = "wifi: the member that is the access point. Default: none, ad hoc."});
  keys.push_back({.path = segment + ".standard",
                  .kind = Kind::choice,
                  .doc = "wifi: the standard.",
                  .fallback = "802.11n",
                  .choices = words(kWifiStandardNames)});
  keys.push_back({.path = segment + ".rate_control",
                  .kind = Kind::choice,
                  .doc = "wifi: who chooses the modulation.",
                  .fallback = "minstrel",
                  .choices = words(kRateControlNames)});
  const auto distance = [&](const std::string& path, const char* doc, const char* fallback) {
    keys.push_back({.path = path,
                    .kind = Kind::real,
                    .unit = Unit::length,
                    .doc = doc,
                    .fallback = fallback,
                    .required = *fallback == '\0',
                    .high = 10'000,
                    .low_open = true});
  };
  distance(segment + ".distance", "wifi: of every member from the access point; ad hoc: from the centre.",
           "5 m");
  keys.push_back({.path = segment + ".distances",
                  .kind = Kind::list,
                  .doc = "wifi: members whose distance differs.",
                  .max_items = 1'024});
  keys.push_back({.path = segment + ".distances[]", .kind = Kind::map, .doc = "A member."});
  keys.push_back(
      {.path = segment + ".distances[].member", .kind = Kind::name, .doc = "A device.", .required = true});
  distance(segment + ".distances[].distance", "Its distance.", "");
}

void add_segments(std::vector<Key>& keys) {
  keys.push_back({.path = "network.segments",
                  .kind = Kind::list,
                  .doc = "Devices on one medium or around one hub; beside `links`.",
                  .max_items = 1'024});
  const std::string segment = "network.segments[]";
  keys.push_back({.path = segment, .kind = Kind::map, .doc = "A segment."});
  keys.push_back({.path = segment + ".name", .kind = Kind::name, .doc = "Unique name.", .required = true});
  keys.push_back(
      {.path = segment + ".kind",
       .kind = Kind::choice,
       .doc = "Ethernet with carrier sense on one half-duplex medium; access links around a switch or base "
              "station; or shared Wi-Fi.",
       .required = true,
       .choices = words(kSegmentNames)});
  keys.push_back({.path = segment + ".members",
                  .kind = Kind::list,
                  .doc = "csma, wifi: the devices on the medium.",
                  .min_items = 2,
                  .max_items = 64});
  keys.push_back({.path = segment + ".members[]", .kind = Kind::name, .doc = "A device."});
  keys.push_back({.path = segment + ".rate",
                  .kind = Kind::exact,
                  .unit = Unit::rate,
                  .doc = "csma: what all members share, frames with their 38 bytes of layer 2.",
                  .least = 1,
                  .most = kMaxBitPerS});
  keys.push_back({.path = segment + ".delay",
                  .kind = Kind::exact,
                  .unit = Unit::duration,
                  .doc = "csma: propagation; the medium is busy until the last bit has arrived everywhere.",
                  .fallback = "0 ms",
                  .most = kBillion});
  keys.push_back({.path = segment + ".queue",
                  .kind = Kind::exact,
                  .unit = Unit::size,
                  .doc = "csma, wifi: what each member's device holds waiting; at least one `mtu`.",
                  .fallback = "256 KiB",
                  .least = 1,
                  .most = kLargestQueue});
  keys.push_back({.path = segment + ".hub",
                  .kind = Kind::name,
                  .doc = "star: a device, or a name of its own for a switch or base station."});
  add_access(keys, segment);
  add_wifi(keys, segment);
}

void add_cross_traffic(std::vector<Key>& keys) {
  keys.push_back({.path = "network.cross_traffic",
                  .kind = Kind::list,
                  .doc = "What else is on the links, beside the pipeline's transfers.",
                  .max_items = 1'024});
  const std::string cross = "network.cross_traffic[]";
  keys.push_back({.path = cross, .kind = Kind::map, .doc = "One flow."});
  keys.push_back(
      {.path = cross + ".from", .kind = Kind::name, .doc = "Sending device or switch.", .required = true});
  keys.push_back(
      {.path = cross + ".to", .kind = Kind::name, .doc = "Receiving device or switch.", .required = true});
  keys.push_back(
      {.path = cross + ".kind",
       .kind = Kind::choice,
       .doc =
           "Datagrams at `rate` that come and go and never back off, or one TCP connection that always has "
           "something to send.",
       .required = true,
       .choices = words(kCrossTrafficNames)});
  keys.push_back({.path = cross + ".rate",
                  .kind = Kind::exact,
                  .unit = Unit::rate,
                  .doc = "on-off: while on, IP headers included.",
                  .least = 1,
                  .most = kMaxBitPerS});
  const auto duration = [&](const char* name, const char* doc, const char* fallback, std::int64_t least) {
    keys.push_back({.path = cross + "." + name,
                    .kind = Kind::exact,
                    .unit = Unit::duration,
                    .doc = doc,
                    .fallback = fallback,
                    .least = least,
                    .most = 1'000 * kHourNs});
  };
  duration("on_time", "on-off: how long it sends.", "500 ms", 1'000'000);
  duration("off_time", "on-off: how long it then does not.", "500 ms", 0);
  keys.push_back({.path = cross + ".periods",
                  .kind = Kind::choice,
                  .doc = "on-off: `on_time` and `off_time` are durations, or means of exponential ones drawn "
                         "with the run's seed.",
                  .fallback = "constant",
                  .choices = words(kPeriodNames)});
  duration("start", "When it begins.", "0 ms", 0);
  duration("stop", "When it ends. Default: never.", "", 1);
}

}  // namespace

void add_link_alternatives(std::vector<Alternative>& alternatives, const std::string& link) {
  alternatives.push_back({link, {{"rate"}, {"trace"}}, true, "preset"});
  alternatives.push_back({link, {{"delay"}, {"delay_trace"}}, false});
  alternatives.push_back({link, {{"loss"}, {"loss_trace"}, {"loss_model"}}, false});
}

void add_network(std::vector<Key>& keys) {
  keys.push_back({.path = "network", .kind = Kind::map, .doc = "How the devices are connected."});
  keys.push_back(
      {.path = "network.kind",
       .kind = Kind::choice,
       .doc = "Exact fluid model or ns-3 packets. Default: fluid in simulate, ns3 in cosim and emulate.",
       .choices = words(kNetworkNames)});
  keys.push_back({.path = "network.transport",
                  .kind = Kind::choice,
                  .doc = "ns-3: simulated TCP on persistent connections, or bare packets.",
                  .fallback = "tcp",
                  .choices = words(kTransportNames)});
  keys.push_back({.path = "network.tcp",
                  .kind = Kind::choice,
                  .doc = "Congestion control of the simulated TCP.",
                  .fallback = "cubic",
                  .choices = words(kTcpNames)});
  keys.push_back({.path = "network.mtu",
                  .kind = Kind::exact,
                  .unit = Unit::size,
                  .doc = "IP packet on the wire.",
                  .fallback = "1500 B",
                  .least = 128,
                  .most = 65'535});
  keys.push_back({.path = "network.switches",
                  .kind = Kind::list,
                  .doc = "Names of switches and routers: they run nothing and forward.",
                  .max_items = 1'024});
  keys.push_back({.path = "network.switches[]", .kind = Kind::name, .doc = "A switch."});
  add_links(keys);
  add_segments(keys);
  add_cross_traffic(keys);
}

}  // namespace millrace
