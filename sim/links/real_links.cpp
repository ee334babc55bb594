#include "sim/links/real_links.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <set>

#include "runtime/base/log.hpp"
#include "sim/net/expected_loss.hpp"
#include "sim/net/framing.hpp"
#include "sim/net/link_rate.hpp"
#include "sim/net/routes.hpp"
#include "sim/queue/make_queue_disc.hpp"

namespace millrace {
namespace {

// In 198.18.0.0/15, which is for benchmarks and not routed anywhere (RFC 2544).
constexpr const char* kHostAddress = "198.18.0.1";
constexpr std::uint32_t kPerBlock = 250;
// Names of interfaces: of a device or the host, towards a device; of a device, towards the host.
std::string to_device(DeviceId device) { return fmt::format("to{}", device.value); }
constexpr const char* kToHost = "host";

struct Pair {
  DeviceId a, b;
  auto operator<=>(const Pair&) const = default;
};

// The address of the end at `self` of the link to `other`. Set on both sides in advance: behind a full queue
// of a slow link an ARP reply would come too late.
std::string hardware_address(DeviceId self, DeviceId other) {
  const auto byte = [](std::uint32_t value, int which) { return value >> (8 * which) & 0xFFU; };
  return fmt::format("02:4d:{:02x}:{:02x}:{:02x}:{:02x}", byte(self.value, 1), byte(self.value, 0),
                     byte(other.value, 1), byte(other.value, 0));
}

std::set<Pair> pairs_of(const NetworkSpec& spec) {
  std::set<Pair> pairs;
  for (const auto& link : spec.links)
    pairs.insert({std::min(link.from, link.to), std::max(link.from, link.to)});
  return pairs;
}

// Whether the link has more than a rate, which is all that the kernel's token bucket imposes.
bool needs_emulator(const LinkSpec& link) {
  const auto delayed = [](const auto& step) { return step.second > Duration(); };
  return link.segment || link.delay.series() != nullptr || std::ranges::any_of(link.delay.steps(), delayed) ||
         loses(link) || link.overhead > Bytes() || link.discipline != QueueDiscipline::drop_tail;
}

// On a medium a frame has its overhead and keeps the medium busy until it has arrived everywhere.
NetworkSpec with_overhead(NetworkSpec spec) {
  for (auto& link : spec.links) {
    if (!link.segment) continue;
    const auto& medium = spec.segments[*link.segment];
    const double propagation = static_cast<double>(medium.rate.bit_per_s()) * medium.delay.seconds() / 8;
    link.overhead = Framing::kEthernetFrame + Bytes(std::llround(propagation));
  }
  return spec;
}

}  // namespace

Result<void> RealLinks::check(const NetworkSpec& spec) {
  const auto refuse = [](const std::string& what) {
    return Error{
        fmt::format("{} cannot be imposed on real links; remove it (or set it to 0), or use mode cosim",
                    what),
        ExitCode::invalid_input};
  };
  for (const auto& segment : spec.segments)
    if (segment.kind == SegmentKind::wifi) return refuse("medium " + segment.name + ": Wi-Fi");
  for (const auto& link : spec.links) {
    const auto name =
        fmt::format("link {} -> {}", spec.devices[link.from.value], spec.devices[link.to.value]);
    const auto peak = peak_rate(*rate_trace_of(link.rate));
    if (peak > BitRate() && peak < kSlowestPeak)
      return Error{
          fmt::format("{}: {} bit/s is too slow for a real link, whose rate is measured before the run; "
                      "the lowest is {} bit/s (or use mode cosim)",
                      name, peak.bit_per_s(), kSlowestPeak.bit_per_s()),
          ExitCode::invalid_input};
  }
  return {};
}

RealLinks::RealLinks(const NetworkSpec& spec, Duration lateness, std::vector<NetworkTaps::Capture> captures,
                     std::vector<std::string>* unwritten)
    : spec_(with_overhead(spec)), lateness_(lateness), captures_(std::move(captures)), unwritten_(unwritten) {
  MR_CHECK(captures_.empty() || unwritten_ != nullptr);
  for (const auto& link : spec_.links) {
    auto trace = rate_trace_of(link.rate);
    const auto peak = peak_rate(*trace);
    Shaped& shaped = shaped_.emplace_back();
    shaped.schedule = std::make_unique<TraceSchedule>(std::move(trace));
    shaped.peak = peak;
    shaped.emulated = needs_emulator(link);
  }
  for (const auto& capture : captures_) shaped_[capture.link.value].emulated = true;
  // Both directions cross the same two devices.
  for (std::size_t i = 0; i < spec_.links.size(); ++i) {
    for (std::size_t j = 0; j < spec_.links.size(); ++j) {
      const bool back = spec_.links[i].from == spec_.links[j].to && spec_.links[i].to == spec_.links[j].from;
      if (back && shaped_[j].emulated) shaped_[i].emulated = true;
    }
  }
}

RealLinks::~RealLinks() {
  cross_traffic_.reset();
  emulator_.reset();
  shaper_.reset();
  shaped_.clear();
  if (outside_) (void)outside_->enter();
}

std::string RealLinks::host_address() const { return kHostAddress; }

std::uint32_t RealLinks::address_of(DeviceId device) const {
  return 198U << 24 | 18U << 16 | (1 + device.value / kPerBlock) << 8 | (1 + device.value % kPerBlock);
}

std::string RealLinks::address(DeviceId device) const {
  const auto value = address_of(device);
  return fmt::format("{}.{}.{}.{}", value >> 24, value >> 16 & 0xFFU, value >> 8 & 0xFFU, value & 0xFFU);
}

Result<std::unique_ptr<RealLinks>> RealLinks::build(const NetworkSpec& spec, Duration lateness,
                                                    std::vector<NetworkTaps::Capture> captures,
                                                    std::vector<std::string>* unwritten) {
  std::unique_ptr<RealLinks> links(new RealLinks(spec, lateness, std::move(captures), unwritten));
  for (std::size_t i = 0; i <= spec.devices.size(); ++i) {
    auto made = NetworkNamespace::create();
    if (!made) return made.error();
    if (i < spec.devices.size())
      links->devices_.push_back(std::move(*made));
    else
      links->host_ = std::make_unique<NetworkNamespace>(std::move(*made));
  }
  if (auto joined = links->host_->within([&] { return links->join(); }); !joined) return joined.error();
  if (auto made = links->make_taps(); !made) return made.error();
  for (std::uint32_t i = 0; i < spec.devices.size(); ++i) {
    auto ready = links->devices_[i].within([&] { return links->set_up({i}); });
    if (!ready) return ready.error().in(spec.devices[i]);
  }
  if (auto ready = links->host_->within([&] { return links->set_up_host(); }); !ready) return ready.error();
  links->make_emulator();
  if (!spec.cross_traffic.empty()) {
    auto opened = RealCrossTraffic::open(links->spec_, links->devices_,
                                         [&](DeviceId device) { return links->address(device); });
    if (!opened) return opened.error();
    links->cross_traffic_ = std::move(*opened);
  }
  for (std::size_t i = 0; i < spec.links.size(); ++i) {
    if (links->shaped_[i].emulated) continue;
    auto shaped = links->device(spec.links[i].from).within([&] { return links->shape(i); });
    if (!shaped) return shaped.error();
  }
  return links;
}

// Makes all pairs of interfaces and moves each end into its namespace.
Result<void> RealLinks::join() {
  std::string commands;
  for (std::uint32_t i = 0; i < devices_.size(); ++i)
    commands += fmt::format("link add {} type veth peer name {} netns {}\n", to_device({i}), kToHost,
                            devices_[i].path());
  // Makes pairs here under temporary names, then moves them: one command cannot place both ends.
  std::set<Pair> emulated;
  for (std::size_t i = 0; i < spec_.links.size(); ++i) {
    const auto& link = spec_.links[i];
    if (shaped_[i].emulated) emulated.insert({std::min(link.from, link.to), std::max(link.from, link.to)});
  }
  for (const auto& [a, b] : pairs_of(spec_)) {
    if (emulated.contains({a, b})) continue;
    const auto here = fmt::format("v{}-{}", a.value, b.value);
    commands +=
        fmt::format("link add {} address {} mtu {} type veth peer name {} address {} mtu {} netns {}\n", here,
                    hardware_address(a, b), spec_.mtu.count(), to_device(a), hardware_address(b, a),
                    spec_.mtu.count(), device(b).path());
    commands += fmt::format("link set {} netns {} name {}\n", here, device(a).path(), to_device(b));
  }
  return run_ip_commands(commands);
}

// Both ends of every emulated link.
Result<void> RealLinks::make_taps() {
  for (std::size_t i = 0; i < spec_.links.size(); ++i) {
    if (!shaped_[i].emulated) continue;
    const auto& link = spec_.links[i];
    for (const auto& end : {std::pair(link.from, link.to), std::pair(link.to, link.from)}) {
      const DeviceId self = end.first, other = end.second;
      if (taps_.contains({self, other})) continue;
      auto made = device(self).within([&]() -> Result<void> {
        auto tap = TapDevice::create(to_device(other));
        if (!tap) return tap.error();
        taps_.emplace(std::pair(self, other), std::move(*tap));
        return run_ip_commands(fmt::format("link set {} address {} mtu {} txqueuelen 10000\n",
                                           to_device(other), hardware_address(self, other),
                                           spec_.mtu.count()));
      });
      if (!made) return made;
    }
  }
  return {};
}

LinkEmulator::Setup RealLinks::setup_of(std::size_t link) const {
  const auto& spec = spec_.links[link];
  const auto stream =
      fmt::format("loss/{}->{}", spec_.devices[spec.from.value], spec_.devices[spec.to.value]);
  LinkEmulator::Setup setup{
      .link = {.rate = spec.rate,
               .delay = spec.delay,
               .queue = spec.queue,
               .loss = PacketLoss(spec.loss, spec.loss_model, Random(spec_.seed, stream)),
               .overhead = spec.overhead}};
  if (spec.discipline != QueueDiscipline::drop_tail)
    setup.discipline = make_queue_disc<LinkEmulator::Carried>(
        spec.discipline,
        {.limit = spec.queue, .mtu = spec_.mtu, .random = Random(spec_.seed, "pie/" + stream)});
  return setup;
}

// As links are at time 0, at their peak rate, of all carriers in order.
std::vector<LinkEmulator::Setup> RealLinks::at_rest(BitRate least, Losses losses) const {
  std::vector<LinkEmulator::Setup> setups;
  for (const std::size_t i : carriers_) {
    const auto& link = spec_.links[i];
    auto setup = setup_of(i);
    setup.discipline.reset();
    auto& sender = setup.link;
    sender.rate = std::max(shaped_[i].peak, least);
    sender.delay = link.delay.at(Time::zero());
    const bool lossy = losses == Losses::as_asked;
    sender.loss = PacketLoss(lossy ? link.loss.at(Time::zero()) : 0.0, lossy ? link.loss_model : std::nullopt,
                             Random(spec_.seed, fmt::format("probe/{}", i)));
    setups.push_back(std::move(setup));
  }
  return setups;
}

void RealLinks::make_emulator() {
  std::vector<LinkEmulator::Direction> directions;
  std::map<std::uint32_t, std::size_t> carrier_of;  // per medium
  for (std::size_t i = 0; i < spec_.links.size(); ++i) {
    if (!shaped_[i].emulated) continue;
    const auto& link = spec_.links[i];
    std::size_t carrier = carriers_.size();
    if (link.segment) carrier = carrier_of.try_emplace(*link.segment, carrier).first->second;
    if (carrier == carriers_.size()) carriers_.push_back(i);
    carried_.push_back(i);
    directions.push_back(
        {.name = fmt::format("{} -> {}", spec_.devices[link.from.value], spec_.devices[link.to.value]),
         .from = taps_.at({link.from, link.to}).handle(),
         .to = taps_.at({link.to, link.from}).handle(),
         .own = address_of(link.from),
         .carrier = carrier});
  }
  if (directions.empty()) return;
  emulator_ = std::make_unique<LinkEmulator>(std::move(directions), lateness_);
  emulator_->carry_as(at_rest(kSetUpRate, Losses::as_asked));
}

Result<void> RealLinks::set_up_host() {
  std::string commands = fmt::format("link set lo up\naddress add {}/32 dev lo\n", kHostAddress);
  for (std::uint32_t i = 0; i < devices_.size(); ++i)
    commands += fmt::format("link set {0} up\nroute add {1}/32 dev {0} src {2}\n", to_device({i}),
                            address({i}), kHostAddress);
  return run_ip_commands(commands);
}

// Addresses belong to devices, not to interfaces; the destination decides which link a packet takes.
Result<void> RealLinks::set_up(DeviceId self) {
  (void)write_setting("net/ipv6/conf/all/disable_ipv6", "1");
  for (const auto* name : {"net/ipv4/ip_forward", "net/ipv4/tcp_no_metrics_save"}) {
    if (const int error = write_setting(name, "1"); error != 0)
      return Error{fmt::format("setting {}: {}", name, std::strerror(error))};
  }
  if (const int error = write_setting("net/ipv4/tcp_congestion_control", spec_.tcp_variant);
      error != 0 && self.value == 0)
    log_warning(
        "network.tcp: {} cannot be had on real links ({}); they use this machine's own. As root: "
        "sysctl net.ipv4.tcp_allowed_congestion_control",
        spec_.tcp_variant, std::strerror(error));
  std::string commands = fmt::format(
      "link set lo up\naddress add {0}/32 dev lo\nlink set {1} up\nroute add {2}/32 dev {1} src {0}\n",
      address(self), kToHost, kHostAddress);
  for (const auto& [a, b] : pairs_of(spec_)) {
    if (a != self && b != self) continue;
    const auto other = a == self ? b : a;
    commands += fmt::format("link set {0} up\nneighbour add {1} lladdr {2} nud permanent dev {0}\n",
                            to_device(other), address(other), hardware_address(other, self));
  }
  const Routes routes(spec_);
  for (std::uint32_t i = 0; i < devices_.size(); ++i) {
    if (i == self.value) continue;
    const auto link = routes.next(self, {i});
    if (!link) continue;
    const auto next = spec_.links[link->value].to;
    const auto via = next.value == i ? std::string() : fmt::format(" via {} onlink", address(next));
    commands +=
        fmt::format("route add {}/32{} dev {} src {}\n", address({i}), via, to_device(next), address(self));
  }
  return run_ip_commands(commands);
}

Result<void> RealLinks::shape(std::size_t link) {
  const auto& spec = spec_.links[link];
  auto bucket = TokenBucket::attach(to_device(spec.to), shaped_[link].peak, spec.queue);
  if (!bucket)
    return bucket.error().in(
        fmt::format("link {} -> {}", spec_.devices[spec.from.value], spec_.devices[spec.to.value]));
  shaped_[link].bucket = std::make_unique<TokenBucket>(std::move(*bucket));
  return {};
}

// Discards the packets that wait at both ends: their connections are closed.
Result<void> RealLinks::empty_queues(std::size_t link) {
  for (std::size_t i = 0; i < spec_.links.size(); ++i) {
    const auto &one = spec_.links[i], &other = spec_.links[link];
    if (i != link && !(one.from == other.to && one.to == other.from)) continue;
    shaped_[i].bucket.reset();
    if (auto shaped = device(one.from).within([&] { return shape(i); }); !shaped) return shaped;
  }
  return {};
}

Result<void> RealLinks::enter_host() {
  auto outside = NetworkNamespace::current();
  if (!outside) return outside.error();
  if (auto entered = host_->enter(); !entered) return entered;
  outside_ = std::make_unique<NetworkNamespace>(std::move(*outside));
  return {};
}

Result<LinkEmulator::Captures> RealLinks::open_captures() const {
  LinkEmulator::Captures captures(carried_.size());
  for (const auto& capture : captures_) {
    auto file = PcapFile::create(capture.path, *unwritten_);
    if (!file) return file.error();
    const auto at = std::ranges::find(carried_, capture.link.value) - carried_.begin();
    captures[static_cast<std::size_t>(at)].emplace(std::move(*file));
  }
  return captures;
}

Result<void> RealLinks::start() {
  std::vector<Shaper::Link> links;
  links.reserve(shaped_.size());
  for (const auto& link : shaped_)
    if (!link.emulated) links.push_back({link.bucket.get(), link.schedule.get()});
  shaper_ = std::make_unique<Shaper>(std::move(links));
  if (emulator_) {
    std::vector<LinkEmulator::Setup> setups;
    for (const std::size_t i : carriers_) setups.push_back(setup_of(i));
    auto captures = open_captures();
    if (!captures) return captures.error();
    emulator_->carry_as(std::move(setups), std::move(*captures));
  }
  if (cross_traffic_) cross_traffic_->start();
  return shaper_->start();
}

Result<void> RealLinks::stop() {
  if (!shaper_) return {};
  auto crossed = cross_traffic_ ? cross_traffic_->stop() : Result<void>();
  if (emulator_) {
    emulator_->stop();
    late_ = emulator_->lateness();
  }
  auto stopped = shaper_->stop();
  if (!stopped) return Error{stopped.error().message, ExitCode::fidelity};
  const auto late = shaper_->worst_lateness();
  if (late > kLatestChange)
    return Error{
        fmt::format("a change of a link's rate came {:.1f} ms late, more than {:g} ms; this machine is "
                    "too busy for real links",
                    late.milliseconds(), kLatestChange.milliseconds()),
        ExitCode::fidelity};
  if (!crossed) return crossed;
  if (!emulator_) return {};
  if (const auto& failure = emulator_->failure()) return Error{failure->message, ExitCode::fidelity};
  if (const auto& too_late = emulator_->too_late())
    return Error{
        fmt::format("link {} handed over a packet {:.3f} ms late at {:.3f} s, and run.lateness_limit is "
                    "{:g} ms; this machine is too busy for real links",
                    too_late->name, too_late->by.milliseconds(), too_late->at.seconds(),
                    lateness_.milliseconds()),
        ExitCode::fidelity};
  return {};
}

}  // namespace millrace
