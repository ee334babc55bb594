// Who may talk to whom. Beyond loopback every connection is TLS 1.3, and both ends show a certificate of the
// fleet (fleet_keys.hpp), which says whether its owner is the host or which devices it is. No session is ever
// resumed and no early data taken, so nothing recorded can be played again.
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

// "host", "device board-a", for messages.
std::string to_string(const PeerNames& names);

class Security {
 public:
  // The three files of a machine's folder. An error (authentication) says which is wrong.
  static Result<std::shared_ptr<const Security>> load(const std::string& folder);
  // Of the host (`run --keys`), of an agent that is these devices (empty: whichever it has keys for). An
  // error says whose keys the folder holds and which folder is wanted.
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

// Null: plain TCP, over loopback only.
using SecurityPointer = std::shared_ptr<const Security>;

// Whether the peer with this certificate may be them. `names` empty: plain loopback, where nobody is known
// and everybody believed.
Result<void> may_be_host(const std::optional<PeerNames>& names);
// The host and scrapers may; a device may not read what others do.
Result<void> may_read_figures(const std::optional<PeerNames>& names);
Result<void> may_be_devices(const std::optional<PeerNames>& names, const std::vector<std::string>& devices);

}  // namespace millrace
