// A scenario: everything a run depends on, as plain structs. scenario_reader.hpp reads them strictly from
// YAML; the keys, their types, units and defaults are one table (schema.hpp) from which the JSON Schema and
// the key reference are made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/time.hpp"
#include "runtime/base/units.hpp"
#include "runtime/model/layer_range.hpp"
#include "runtime/model/model_config.hpp"
#include "runtime/scenario/choices.hpp"

namespace millrace {

struct ModelSection {
  ModelConfig config;  // the model `name`, with dimensions (blocks, width, heads, …) replaced where given
  std::string weights = "random";  // or the path of a safetensors file, absolute after reading
  int microbatch = 8;              // images
  bool operator==(const ModelSection&) const = default;
};

struct WorkloadSection {
  std::string dataset = "synthetic";  // shapes, or image-folder:, features: or tokens:PATH (absolute)
  std::uint64_t images = 64;          // `images: N`, or `microbatches: N` times the microbatch
  ArrivalKind arrivals = ArrivalKind::closed_loop;
  double images_per_s = 0;  // rate, poisson
  bool operator==(const WorkloadSection&) const = default;
};

struct DeviceSection {
  std::string name;
  bool source = false, sink = false, stage = true;  // `runs: [source, sink, stage]`; default [stage]
  std::string profile;    // path of a device profile, absolute after reading; empty: none
  double flop_per_s = 0;  // `speed: 8 GFLOP/s`: cost by operation count instead of a profile; 0: not given
  std::optional<Bytes> memory;
  int threads = 1;                   // of LibTorch on this device
  double slowdown = 1;               // with compute: measured, charged time = measured · slowdown
  std::string torch_device = "cpu";  // or cuda, cuda:N
  std::string address;               // HOST:PORT of its agent in mode deploy; empty: started here
  bool operator==(const DeviceSection&) const = default;
};

// What the device of a link holds waiting where the scenario does not say.
inline constexpr Bytes kDefaultQueue = Bytes::kib(256);

// Loss of a channel with two states (Gilbert 1960, Elliott 1963), stepped once per packet: from good to bad
// with probability p, back with r; a packet is lost with good_loss (1 - k in the literature) or bad_loss
// (1 - h).
struct GilbertElliott {
  double p = 0, r = 1, good_loss = 0, bad_loss = 1;
  double mean_loss() const { return p + r > 0 ? (r * good_loss + p * bad_loss) / (p + r) : good_loss; }
  bool operator==(const GilbertElliott&) const = default;
};

// One direction of a link; the values of a `preset:` are filled in.
struct LinkSection {
  std::string from, to;         // `between: [a, b]` reads as two of these
  std::optional<BitRate> rate;  // exactly one of rate and trace
  std::string trace;            // path, absolute after reading
  TraceFormat trace_format = TraceFormat::automatic;
  TraceEnd trace_end = TraceEnd::loop;
  TraceRows trace_rows = TraceRows::ending;
  std::string trace_series;  // of a file with several series
  Duration trace_offset;     // where in the trace the run begins
  double trace_scale = 1;    // factor of every rate
  Duration delay;
  std::string delay_trace{};  // path of a series instead of `delay`, absolute after reading
  Bytes queue = kDefaultQueue;
  QueueDiscipline queue_discipline = QueueDiscipline::drop_tail;
  double loss = 0;
  std::string loss_trace{};                    // path of a series instead of `loss`, absolute after reading
  std::optional<GilbertElliott> loss_model{};  // instead of `loss` and `loss_trace`
  Bytes overhead{};                            // of layer 2, per packet
  bool operator==(const LinkSection&) const = default;
};

// Several devices on one medium, or around one hub.
struct SegmentSection {
  // star: the access links of some members, which are alike; the ends of `up` and `down` stay empty.
  struct Access {
    std::vector<std::string> members{};
    LinkSection up, down;  // member -> hub, hub -> member
    bool operator==(const Access&) const = default;
  };
  struct Distance {
    std::string member;
    double metres = 0;
    bool operator==(const Distance&) const = default;
  };
  std::string name;
  SegmentKind kind{};
  std::vector<std::string> members{};  // csma, wifi
  std::string hub{};                   // star: a device, or the name of a switch or base station
  std::vector<Access> access{};        // star
  std::optional<BitRate> rate{};       // csma
  Duration delay{};                    // csma: propagation from end to end
  Bytes queue = kDefaultQueue;         // csma, wifi: of every member's device
  std::string access_point{};          // wifi: one of the members; empty: ad hoc
  std::string standard = "802.11n";    // wifi
  std::string rate_control = "minstrel";
  double distance_m = 5;              // wifi: of every member from the access point (ad hoc: the centre)
  std::vector<Distance> distances{};  // of members whose distance differs
  bool operator==(const SegmentSection&) const = default;
};

// Traffic on the links other than the run's own; nothing in the run waits for it.
struct CrossTrafficSection {
  std::string from, to;
  CrossTrafficKind kind = CrossTrafficKind::on_off;
  BitRate rate{};  // on-off: while on, at the IP layer
  Duration on = Duration::ms(500), off = Duration::ms(500);
  PeriodKind periods = PeriodKind::constant;  // on-off; exponential: `on` and `off` are means
  Duration start{};
  std::optional<Duration> stop{};
  bool operator==(const CrossTrafficSection&) const = default;
};

struct NetworkSection {
  std::optional<NetworkKind> kind;  // default: fluid in simulate, ns3 in cosim
  Transport transport = Transport::tcp;
  std::string tcp = "cubic";  // congestion control by name
  Bytes mtu = Bytes(1500);
  std::vector<std::string> switches;  // nodes that only forward; hubs that are not devices are not listed
  std::vector<LinkSection> links;
  std::vector<SegmentSection> segments;
  std::vector<CrossTrafficSection> cross_traffic;
  bool operator==(const NetworkSection&) const = default;
};

// A change of the link from -> to at an instant of the run; properties that are not set stay unchanged.
struct EventSection {
  Duration at;
  std::string from, to;
  std::optional<bool> up;  // `state: down | up`
  std::optional<BitRate> rate;
  std::string trace;  // path, absolute after reading
  std::optional<Duration> delay;
  std::optional<double> loss;
  bool operator==(const EventSection&) const = default;
};

struct PolicySection {
  struct Partition {
    std::string kind = "even";  // one of kPartitionNames
    std::vector<int> cuts;      // fixed: after which sub-layers, increasing
    // The devices that take the stages, in order (optimal: those that may, in any order); empty: all that run
    // stages.
    std::vector<std::string> devices;
    std::string objective = "throughput";   // optimal: throughput | latency
    std::optional<Duration> latency_bound;  // optimal, for throughput: of the fill latency
    double target_images_per_s = 0;         // optimal: the lowest rate; joint: the rate to meet; 0: no bound
    double accuracy_floor = 0;   // joint: the lowest predicted accuracy; 0: `target_images_per_s` is set
    std::string accuracy_table;  // joint: path of the output of `millrace-node eval`, made absolute
    bool operator==(const Partition&) const = default;
  } partition;
  struct Quantization {
    std::string kind = "fixed";
    std::string codec = "fp32";
    std::string scope = "image";     // image | token | tensor: the values that share a range
    double bits = 32;                // fixed: the codec's budget per value
    double target_images_per_s = 0;  // the rate that adaptive kinds hold and a run is measured by; 0: none
    int window = 10;                 // heuristic, max-fit, controller: microbatches
    std::string calibration;         // folder of klt's side files, absolute after reading; empty: none
    bool operator==(const Quantization&) const = default;
  } quantization;
  bool operator==(const PolicySection&) const = default;
};

struct RunSection {
  Mode mode = Mode::cosim;
  std::uint64_t seed = 1;
  ComputeKind compute = ComputeKind::profile;
  LinksKind links = LinksKind::given;          // deploy
  int window = 2;                              // credits per receiver
  Duration timeout = Duration::s(60);          // how long to wait for agents without progress (wall clock)
  Duration heartbeat = Duration::s(1);         // an agent that is silent for two of these is lost
  Duration lateness_limit = Duration::ms(20);  // emulate
  std::optional<Duration> link_interval{};     // of links.csv
  std::vector<std::string> pcap{};             // links to capture: `a-b` or `a->b`
  bool operator==(const RunSection&) const = default;
};

// Whether a text of the scenario means the link from -> to: `from->to` is this direction; `from-to`,
// `to-from`, `from<->to` and `to<->from` are both. Names may contain '-', so the links decide the meaning.
bool means_link(const std::string& text, const std::string& from, const std::string& to);

// A bound the run must meet, or it ends with exit code 5: `throughput: ">= 9.5 /s"`.
struct Expectation {
  std::string metric;  // throughput, latency_p50, …, accuracy, share_meeting_target, bits_per_value
  bool at_least = true;
  double bound = 0;  // images/s, seconds, share of 1
  bool operator==(const Expectation&) const = default;
};

struct Scenario {
  std::string name;
  ModelSection model;
  WorkloadSection workload;
  std::vector<DeviceSection> devices;
  NetworkSection network;
  std::vector<EventSection> events;  // as written; an event of both directions is two
  PolicySection policy;
  RunSection run;
  std::vector<Expectation> expect;

  std::uint64_t microbatches() const {
    const auto size = static_cast<std::uint64_t>(model.microbatch);
    return (workload.images + size - 1) / size;
  }
  bool operator==(const Scenario&) const = default;
};

}  // namespace millrace
