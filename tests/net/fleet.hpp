// Keys of a fleet in a folder that is removed after the test, and keys of strangers to the fleet.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "runtime/base/fleet_keys.hpp"
#include "runtime/net/security.hpp"

namespace millrace {

class Fleet {
 public:
  Fleet() {
    std::string name = std::filesystem::temp_directory_path() / "millrace-fleet-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "no temporary folder can be made";
    folder_ = name;
    authority_ =
        std::make_unique<CertificateAuthority>(CertificateAuthority::create({.until_s = 3600}).value());
  }
  ~Fleet() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  const CertificateAuthority& authority() const { return *authority_; }
  // The folder of a machine whose certificate is signed by `signer`, and which trusts this fleet.
  std::string folder(const CertifiedNames& names, CertificateAuthority::Validity validity = {.until_s = 3600},
                     const CertificateAuthority* signer = nullptr) {
    auto own = folder_ + "/" + std::to_string(++count_);
    std::filesystem::create_directory(own);
    const auto pair = (signer == nullptr ? authority_.get() : signer)->issue(names, validity).value();
    std::ofstream(own + "/ca.crt") << authority_->certificate();
    std::ofstream(own + "/node.crt") << pair.certificate;
    std::ofstream(own + "/node.key") << pair.key;
    std::filesystem::permissions(own + "/node.key", std::filesystem::perms::owner_read);
    return own;
  }
  SecurityPointer host() { return Security::load(folder({.host = true, .devices = {}})).value(); }
  SecurityPointer device(const std::string& name) {
    return Security::load(folder({.host = false, .devices = {name}})).value();
  }

 private:
  std::string folder_;
  std::unique_ptr<CertificateAuthority> authority_;
  int count_ = 0;
};

}  // namespace millrace
