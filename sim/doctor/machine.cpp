#include "sim/doctor/machine.hpp"

#include <sys/utsname.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <thread>

#include "sim/ns3/ns3_network.hpp"
#include "sim/run/emulation.hpp"

namespace millrace {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != line.npos) return line.substr(colon + 2);
  }
  return "unknown";
}

// The path of the BLAS: Debian's alternative, or the distribution's library folder.
std::string blas_library() {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/usr/lib", error)) {
    const auto library = entry.path() / "libblas.so.3";
    std::error_code ignored;
    if (fs::exists(library, ignored)) return fs::canonical(library, ignored).string();
  }
  return {};
}

}  // namespace

Machine examine_machine(int sleeps) {
  Machine machine;
  machine.processor = processor_name();
  utsname host{};
  uname(&host);
  machine.kernel = std::string(host.sysname) + " " + host.release;
  machine.processors = std::thread::hardware_concurrency();
  double load = 0;
  if (getloadavg(&load, 1) == 1) machine.load_1min = load;
  machine.blas = blas_library();
  machine.fast_blas =
      machine.blas.find("openblas") != std::string::npos || machine.blas.find("mkl") != std::string::npos;
  machine.real_links = link_rights();
  sleep_exactly();
  for (int i = 0; i < sleeps; ++i) {
    const auto due = Clock::now() + std::chrono::milliseconds(1);
    std::this_thread::sleep_until(due);
    machine.sleeps.add(Duration::ns(std::chrono::nanoseconds(Clock::now() - due).count()));
  }
  return machine;
}

// Measured with the audit of mode emulate: the audit is part of the cost.
Result<Carried> measure_carried(Transport transport, Bytes mtu, Duration for_so_long) {
  NetworkSpec spec;
  spec.devices = {"a", "b"};
  spec.transport = transport;
  spec.mtu = mtu;
  for (std::uint32_t i = 0; i < 2; ++i)
    spec.links.push_back({DeviceId{i}, DeviceId{1 - i}, BitRate::mbit(1000), Duration::ms(1), Bytes::mib(1)});
  const auto begin = Clock::now();
  const auto wall = [begin] { return Time::at_ns(std::chrono::nanoseconds(Clock::now() - begin).count()); };
  LinkMeter meter(spec, Duration::s(1));
  LatenessAudit audit(Duration::max(), wall);
  auto network = make_ns3_network(spec, {.meter = &meter, .captures = {}, .audit = &audit});
  if (!network) return network.error();
  std::uint64_t next = 0;
  const auto submit = [&] {
    (*network)->submit((*network)->now(), {TransferId{next++}, DeviceId{0}, DeviceId{1}, Bytes::kib(256)});
  };
  for (int i = 0; i < 8; ++i) submit();
  while (wall() - Time::zero() < for_so_long) {
    if ((*network)->run_until((*network)->now() + Duration::ms(1))) submit();
  }
  const double seconds = wall().seconds();
  const auto carried = static_cast<double>(meter.total({0}) + meter.total({1}));
  return Carried{.transport = transport,
                 .mtu = mtu,
                 .mbit_per_s = carried * 1e-15 / seconds,
                 .events_per_s = static_cast<double>(audit.of(Lateness::network_event).count()) / seconds};
}

}  // namespace millrace
