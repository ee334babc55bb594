// Throw-away certificates for a fleet: one authority, one certificate for the host and one per device, each
// in a folder of its own (ca.crt, node.crt, node.key) that is copied to its machine. A certificate names its
// owner by URIs: urn:millrace:host, urn:millrace:device:NAME, urn:millrace:scraper.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"

namespace millrace {

// Every device's certificate has this DNS name too, besides the device's own.
inline constexpr const char* kAgentName = "millrace-agent";

// The owners that a certificate vouches for.
struct CertifiedNames {
  bool host = false;
  std::vector<std::string> devices;
  bool scraper = false;  // may read agents' figures and nothing else
};

struct PemPair {
  std::string certificate, key;
};

class CertificateAuthority {
 public:
  // Seconds from now; may lie in the past.
  struct Validity {
    std::int64_t from_s = -300;  // clocks of small devices are often behind
    std::int64_t until_s = 0;
  };
  // A new one. Errors are OpenSSL's.
  static Result<CertificateAuthority> create(Validity validity);
  static Result<CertificateAuthority> load(const PemPair& pem);
  CertificateAuthority(CertificateAuthority&&) noexcept;
  CertificateAuthority& operator=(CertificateAuthority&&) noexcept;
  ~CertificateAuthority();

  const std::string& certificate() const;  // PEM
  Result<std::string> key() const;         // PEM, not encrypted
  // A fresh key and its certificate.
  Result<PemPair> issue(const CertifiedNames& names, Validity validity) const;

 private:
  struct Parts;
  explicit CertificateAuthority(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// Names of devices are as in scenarios: letters, digits and ._- after a letter or digit, at most 64.
bool is_device_name(const std::string& name);

struct FleetKeys {
  std::string folder;
  std::vector<std::string> devices;
  int days = 30;
  bool scraper = false;  // folder/scraper/ too
};
// Writes folder/ca.{crt,key}, folder/host/ and folder/NAME/ for every device; keys are readable by their
// owner only. If folder/ca.key exists, that authority is kept and devices are added to it; a folder that
// exists is never overwritten. Returns the folders made; if one fails, none is left.
Result<std::vector<std::string>> make_fleet_keys(const FleetKeys& fleet);

}  // namespace millrace
