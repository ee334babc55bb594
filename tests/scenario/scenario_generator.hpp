// Random scenarios that the reader accepts, for tests of code that handles scenarios.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "runtime/base/random.hpp"
#include "runtime/scenario/codec_keys.hpp"
#include "runtime/scenario/scenario.hpp"

namespace millrace {

// Every field takes values from its whole range.
class ScenarioGenerator {
 public:
  explicit ScenarioGenerator(std::uint64_t seed) : random_(seed, "scenarios") {}

  Scenario scenario() {
    Scenario s;
    s.name = pick({"plain", "010", "no", "a.b_c-d", "1e5"});
    model(s.model);
    s.workload.dataset =
        pick({"synthetic", prefix_of(s.model.config.family) + "/da \"ta\\/é: #x/labels.csv"});
    s.workload.images = 1 + below(1'000'000'000'000);
    s.workload.arrivals = static_cast<ArrivalKind>(below(3));
    if (s.workload.arrivals != ArrivalKind::closed_loop)  // the last arrival is within 1e8 s
      s.workload.images_per_s = 1 + positive(1e6) + static_cast<double>(s.workload.images) * 1e-7;
    devices(s.devices);
    network(s);
    policy(s);
    s.run = {.mode = static_cast<Mode>(below(4)),
             .seed = below(std::uint64_t{1} << 63),
             .compute = ComputeKind::profile,
             .links = static_cast<LinksKind>(below(2)),
             .window = 1 + static_cast<int>(below(1'024)),
             .timeout = Duration::ns(1'000'000 + static_cast<std::int64_t>(below(86'000'000'000'000))),
             .heartbeat = Duration::ns(20'000'000 + static_cast<std::int64_t>(below(3'500'000'000'000))),
             .lateness_limit = Duration::ns(1 + static_cast<std::int64_t>(below(86'000'000'000'000))),
             .link_interval = {}};
    if (below(2) == 0)
      s.run.link_interval = Duration::ns(1'000'000 + static_cast<std::int64_t>(below(86'000'000'000'000)));
    for (const auto& link : s.network.links) {
      if (below(4) == 0) s.run.pcap.push_back(link.from + (below(2) == 0 ? "->" : "-") + link.to);
    }
    if (below(2) == 0) s.expect.push_back({"throughput", below(2) == 0, positive(1e9)});
    if (below(2) == 0)
      s.expect.push_back({"latency_p99", false, static_cast<double>(below(1'000'000'000'000)) / 1e9});
    if (below(2) == 0) s.expect.push_back({"accuracy", true, random_.uniform()});
    return s;
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }
  std::string pick(const std::vector<std::string>& words) { return words[below(words.size())]; }
  // Of all magnitudes, not only near `high`.
  double positive(double high) {
    return (1 - random_.uniform()) * high / static_cast<double>(std::uint64_t{1} << below(60));
  }

  static std::string prefix_of(ModelFamily family) {
    if (family == ModelFamily::vit) return "image-folder:";
    return family == ModelFamily::kwt ? "features:" : "tokens:";
  }
  void model(ModelSection& model) {
    model.config = model_by_name(pick(model_names())).value();
    model.config.blocks = 2 + static_cast<int>(below(20));
    model.config.classes = 1 + static_cast<int>(below(1'000));
    model.weights = pick({"random", "/w eights/'x'.safetensors"});
    model.microbatch = 1 + static_cast<int>(below(4'096));
  }
  void devices(std::vector<DeviceSection>& devices) {
    const std::size_t count = 1 + below(5);
    const bool addresses = below(2) == 0;
    for (std::size_t i = 0; i < count; ++i) {
      DeviceSection device;
      device.name = "d" + std::to_string(i);
      if (below(2) == 0) {
        device.profile = "/profiles/p.yaml";
      } else {
        device.flop_per_s = positive(1e18);
      }
      if (below(2) == 0) device.memory = Bytes(1 + static_cast<std::int64_t>(below(std::uint64_t{1} << 62)));
      device.threads = 1 + static_cast<int>(below(1'024));
      device.slowdown = positive(1e6);
      if (below(2) == 0) device.torch_device = "cuda:" + std::to_string(below(9));
      if (addresses) device.address = "192.0.2.7:" + std::to_string(1 + below(65'535));
      devices.push_back(device);
    }
    devices.front().source = true;
    devices[below(count)].sink = true;
  }
  LinkSection link(const std::string& from, const std::string& to, Transport transport) {
    LinkSection link;
    link.from = from;
    link.to = to;
    if (below(2) == 0) {
      link.rate = BitRate(1 + static_cast<std::int64_t>(below(1'000'000'000'000'000)));
    } else {
      link.trace = "/traces/a b.csv";
    }
    link.trace_format = static_cast<TraceFormat>(below(8));
    link.trace_end = static_cast<TraceEnd>(below(3));
    link.trace_rows = static_cast<TraceRows>(below(2));
    if (below(2) == 0) link.trace_series = "A b/TCPx1";
    link.trace_offset = Duration::ns(static_cast<std::int64_t>(below(3'600'000'000'001)));
    link.trace_scale = positive(1e6);
    if (below(3) == 0) {
      link.delay_trace = "/traces/delay.csv";
    } else {
      link.delay = Duration::ns(static_cast<std::int64_t>(below(3'600'000'000'001)));
    }
    link.queue_discipline =
        transport == Transport::raw ? QueueDiscipline::drop_tail : static_cast<QueueDiscipline>(below(4));
    link.overhead = Bytes(static_cast<std::int64_t>(below(65'536)));
    link.queue = Bytes(65'535 + static_cast<std::int64_t>(below(std::uint64_t{1} << 39)));
    const auto kind_of_loss = below(4);
    if (kind_of_loss == 1) link.loss = random_.uniform() / static_cast<double>(1 + below(1'000'000'000));
    if (kind_of_loss == 2) link.loss_trace = "/traces/loss.csv";
    if (kind_of_loss == 3)
      link.loss_model = {random_.uniform(), 1 - random_.uniform(), random_.uniform() / 2, random_.uniform()};
    return link;
  }
  void network(Scenario& s) {
    if (below(2) == 0) s.network.kind = static_cast<NetworkKind>(below(2));
    s.network.transport = static_cast<Transport>(below(2));
    s.network.tcp = pick({"cubic", "bbr", "newreno"});
    s.network.mtu = Bytes(128 + static_cast<std::int64_t>(below(65'408)));
    for (std::size_t i = 0; i + 1 < s.devices.size(); ++i) {
      LinkSection there = link(s.devices[i].name, s.devices[i + 1].name, s.network.transport);
      LinkSection back = below(2) == 0 ? there : link("", "", s.network.transport);
      back.from = there.to;
      back.to = there.from;
      s.network.links.push_back(there);
      s.network.links.push_back(back);
    }
    if (below(2) == 0) std::reverse(s.network.links.begin(), s.network.links.end());
    if (below(2) == 0) s.network.switches = {"no", "switch-1"};
    segments(s);
    for (auto n = s.network.links.empty() ? 0 : below(4); n > 0; --n) s.events.push_back(event(s.network));
  }
  void segments(Scenario& s) {
    auto& network = s.network;
    if (below(2) == 0) {
      SegmentSection star{.name = "010", .kind = SegmentKind::star};
      star.hub = "base";
      for (const auto& device : s.devices)
        star.access.push_back({.members = {device.name},
                               .up = link("", "", network.transport),
                               .down = link("", "", network.transport)});
      network.segments.push_back(star);
    }
    if (network.transport == Transport::raw || s.devices.size() < 3) return;
    // The first and the last device have no link of their own.
    SegmentSection medium{.name = "medium", .kind = below(2) == 0 ? SegmentKind::csma : SegmentKind::wifi};
    medium.members = {s.devices.front().name, s.devices.back().name};
    medium.queue = Bytes(65'535 + static_cast<std::int64_t>(below(1'000'000)));
    if (medium.kind == SegmentKind::csma) {
      medium.rate = BitRate(1 + static_cast<std::int64_t>(below(1'000'000'000)));
      medium.delay = Duration::ns(static_cast<std::int64_t>(below(1'000'000'000)));
    } else {
      if (below(2) == 0) medium.access_point = medium.members[below(2)];
      medium.standard = pick({"802.11a", "802.11ac"});
      medium.rate_control = pick({"ideal", "constant"});
      medium.distance_m = positive(1e4);
      medium.distances.push_back({medium.members[0], positive(1e4)});
    }
    network.segments.push_back(medium);
    CrossTrafficSection cross{.from = medium.members[0],
                              .to = medium.members[1],
                              .kind = static_cast<CrossTrafficKind>(below(2)),
                              .rate = {},
                              .start = Duration::ns(static_cast<std::int64_t>(below(1'000))),
                              .stop = {}};
    if (cross.kind == CrossTrafficKind::on_off) {
      cross.rate = BitRate(1 + static_cast<std::int64_t>(below(1'000'000'000)));
      cross.on = Duration::ns(1'000'000 + static_cast<std::int64_t>(below(1'000'000'000)));
      cross.off = Duration::ns(static_cast<std::int64_t>(below(1'000'000'000)));
      cross.periods = static_cast<PeriodKind>(below(2));
    }
    if (below(2) == 0) cross.stop = Duration::s(2 + static_cast<std::int64_t>(below(9)));
    network.cross_traffic.push_back(cross);
  }
  EventSection event(const NetworkSection& network) {
    const auto& link = network.links[below(network.links.size())];
    EventSection event{.at = Duration::ns(static_cast<std::int64_t>(below(1'000'000'000'000))),
                       .from = link.from,
                       .to = link.to,
                       .up = below(2) == 0,
                       .rate = {},
                       .trace = "",
                       .delay = {},
                       .loss = {}};
    if (below(2) == 0) event.rate = BitRate(1 + static_cast<std::int64_t>(below(1'000'000'000)));
    if (!event.rate && below(2) == 0) event.trace = "/traces/c.csv";
    if (below(2) == 0) event.delay = Duration::ns(static_cast<std::int64_t>(below(1'000'000'000)));
    if (below(2) == 0) event.loss = random_.uniform();
    return event;
  }
  void policy(Scenario& s) {
    auto& [partition, quantization] = s.policy;
    if (below(2) == 0) {
      for (const auto& device : s.devices) partition.devices.push_back(device.name);
      std::reverse(partition.devices.begin(), partition.devices.end());
    }
    const auto kind = below(4);
    if (kind == 1) {
      partition.kind = "optimal";
      if (below(2) == 0) partition.target_images_per_s = positive(1e9);
      if (below(2) == 0) partition.objective = "latency";
      if (partition.objective == "throughput" && below(2) == 0)
        partition.latency_bound = Duration::ns(1 + static_cast<std::int64_t>(below(1'000'000'000'000)));
    } else if (kind == 3) {
      partition.kind = "joint";
      partition.accuracy_table = "/accura \"cies.csv";
      if (below(2) == 0)
        partition.target_images_per_s = positive(1e9);
      else
        partition.accuracy_floor = 1 - random_.uniform();
    } else if (kind == 2) {
      partition.kind = "fixed";
      for (std::size_t i = 1; i < s.devices.size(); ++i) partition.cuts.push_back(static_cast<int>(i));
    }
    const CodecKeys& codec = kCodecKeys[below(kCodecKeys.size())];
    quantization.codec = codec.name;
    if (codec.is_real() && below(2) == 0) quantization.calibration = "/cali brations";
    if (codec.has_scope) quantization.scope = pick({"image", "token", "tensor"});
    if (partition.kind == "joint") return;
    if (below(2) == 0) quantization.target_images_per_s = positive(1e9);
    if (codec.bits == 0 && !codec.is_real() && below(2) == 0) {
      adaptive(quantization);
    } else {
      quantization.bits = codec.bits != 0 ? codec.bits : 2 + 6 * random_.uniform();
    }
  }
  void adaptive(PolicySection::Quantization& quantization) {
    quantization.kind = pick({"heuristic", "max-fit", "controller", "deadline"});
    if (quantization.kind != "deadline") quantization.window = 1 + static_cast<int>(below(1'000'000));
    quantization.target_images_per_s = 1 + positive(1e9 - 1);
  }

  Random random_;
};

}  // namespace millrace
