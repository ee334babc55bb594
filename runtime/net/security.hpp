// Authentication of peers. Beyond loopback every connection is TLS 1.3, and both ends show a certificate of
// the fleet (fleet_keys.hpp), which says whether its owner is the host, a scraper, or certain devices. No
// session is ever resumed and no early data accepted, so recorded traffic cannot be replayed.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/base/endpoint.hpp"

namespace millrace {

struct PeerNames {
  bool host = false, scraper = false;
  std::set<std::string> devices;
};

// "the host", "device board-a", for messages.
std::string to_string(const PeerNames& names);

class Security {
 public:
  // Loads the three files of a machine's folder. An error (authentication) names the file that is wrong.
  static Result<std::shared_ptr<const Security>> load(const std::string& folder);
  // For the host (`run --keys`), and for an agent that serves these devices (empty: those that its keys
  // name). An error names the owner of the folder's keys and the folder to use instead.
  static Result<std::shared_ptr<const Security>> load_for_host(const std::string& folder);
  static Result<std::shared_ptr<const Security>> load_for_agent(const std::string& folder,
                                                                const std::vector<std::string>& devices);
  ~Security();
  Security(const Security&) = delete;
  Security& operator=(const Security&) = delete;

  const PeerNames& own() const { return own_; }
  struct Impl;
  Impl& impl() const { return *impl_; }

 private:
  Security();
  std::unique_ptr<Impl> impl_;
  PeerNames own_;
};

// Null means plain TCP, over loopback only.
using SecurityPointer = std::shared_ptr<const Security>;

// Whether a peer with these names in its certificate may act as the host or the devices. `names` is empty on
// plain loopback, where every peer is trusted.
Result<void> may_be_host(const std::optional<PeerNames>& names);
// The host and scrapers may read figures; devices may not.
Result<void> may_read_figures(const std::optional<PeerNames>& names);
Result<void> may_be_devices(const std::optional<PeerNames>& names, const std::vector<std::string>& devices);

}  // namespace millrace
