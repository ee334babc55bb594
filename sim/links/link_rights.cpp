#include "sim/links/link_rights.hpp"

#include <unistd.h>

#include "runtime/shaping/token_bucket.hpp"
#include "sim/links/network_namespace.hpp"
#include "sim/links/tap_device.hpp"
#include "sim/tcp/congestion_window.hpp"

namespace millrace {
namespace {

std::string why(const Result<void>& tried) { return tried ? std::string() : tried.error().message; }

Result<void> try_shaping() {
  if (auto made = run_ip_commands("link add here type veth peer name there\n"); !made) return made;
  auto bucket = TokenBucket::attach("here", BitRate::mbit(10), Bytes::kib(64));
  return bucket ? Result<void>() : Result<void>(bucket.error());
}

Result<void> try_emulation() {
  auto tap = TapDevice::create("tap");
  return tap ? Result<void>() : Result<void>(tap.error());
}

}  // namespace

LinkRights link_rights() {
  LinkRights rights;
  const auto space = NetworkNamespace::create();
  if (!space) {
    rights.namespaces = space.error().message;
    if (geteuid() != 0) rights.namespaces += "; run as root";
    return rights;
  }
  rights.shaped = why(space->within(try_shaping));
  rights.emulated = why(space->within(try_emulation));
  (void)space->within([&]() -> Result<void> {
    for (const auto& name : linux_congestion_controls())
      if (write_setting("net/ipv4/tcp_congestion_control", name) == 0)
        rights.congestion_controls.push_back(name);
    return {};
  });
  return rights;
}

}  // namespace millrace
