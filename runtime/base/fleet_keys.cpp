#include "runtime/base/fleet_keys.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "runtime/base/read_file.hpp"

namespace millrace {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestName = 64;
constexpr std::int64_t kDay_s = 24 * 3600;
constexpr std::size_t kMaxPem = std::size_t{1} << 20;

// The file is created with `mode`, so no other user can read a key at any moment.
Result<void> write_file(const fs::path& path, const std::string& text, mode_t mode) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0) return Error{fmt::format("{}: cannot be made: {}", path.string(), std::strerror(errno))};
  const auto written = write(file, text.data(), text.size());
  const bool whole = written == static_cast<ssize_t>(text.size());
  if (close(file) != 0 || !whole) return Error{path.string() + ": cannot be written"};
  return {};
}

Result<CertificateAuthority> authority_in(const fs::path& folder, CertificateAuthority::Validity validity) {
  std::error_code ignored;
  const auto certificate_file = folder / "ca.crt", key_file = folder / "ca.key";
  if (fs::exists(key_file, ignored)) {
    auto certificate = read_file(certificate_file, kMaxPem), key = read_file(key_file, kMaxPem);
    if (!certificate) return certificate.error().in(certificate_file.string());
    if (!key) return key.error().in(key_file.string());
    auto authority = CertificateAuthority::load({*certificate, *key});
    if (!authority) return authority.error().in(key_file.string());
    return authority;
  }
  if (fs::exists(certificate_file, ignored)) {
    return Error{folder.string() +
                     ": holds the keys of a fleet whose ca.key is gone, so none can be added; "
                     "make a new fleet in another folder",
                 ExitCode::usage};
  }
  auto authority = CertificateAuthority::create(validity);
  if (!authority) return authority.error();
  const auto key = authority->key();
  if (!key) return key.error();
  if (auto done = write_file(certificate_file, authority->certificate(), 0644); !done) return done.error();
  if (auto done = write_file(key_file, *key, 0600); !done) return done.error();
  return authority;
}

}  // namespace

bool is_device_name(const std::string& name) {
  const auto letter_or_digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  if (name.empty() || name.size() > kLongestName || !letter_or_digit(name.front())) return false;
  for (const char c : name) {
    if (!letter_or_digit(c) && c != '.' && c != '_' && c != '-') return false;
  }
  return true;
}

Result<std::vector<std::string>> make_fleet_keys(const FleetKeys& fleet) {
  for (const auto& device : fleet.devices) {
    if (!is_device_name(device) || device == "host" || device == "ca")
      return Error{fmt::format("\"{}\" cannot be a device's name here", device), ExitCode::usage};
  }
  const CertificateAuthority::Validity validity{.until_s = fleet.days * kDay_s};
  const fs::path folder = fleet.folder;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return Error{folder.string() + ": cannot be made: " + error.message()};
  auto authority = authority_in(folder, validity);
  if (!authority) return authority.error();
  std::vector<std::string> made;
  const auto add = [&](const std::string& name, const CertifiedNames& names) -> Result<void> {
    const auto own = folder / name;
    if (mkdir(own.c_str(), 0700) != 0)
      return Error{fmt::format("{}: cannot be made: {}", own.string(), std::strerror(errno)),
                   ExitCode::usage};
    const auto pair = authority->issue(names, validity);
    if (!pair) return pair.error();
    if (auto done = write_file(own / "ca.crt", authority->certificate(), 0644); !done) return done;
    if (auto done = write_file(own / "node.crt", pair->certificate, 0644); !done) return done;
    if (auto done = write_file(own / "node.key", pair->key, 0600); !done) return done;
    made.push_back(own.string());
    return {};
  };
  if (!fs::exists(folder / "host", error)) {
    if (auto done = add("host", {.host = true, .devices = {}}); !done) return done.error();
  }
  if (fleet.scraper) {
    if (auto done = add("scraper", {.host = false, .devices = {}, .scraper = true}); !done)
      return done.error();
  }
  for (const auto& device : fleet.devices) {
    if (auto done = add(device, {.host = false, .devices = {device}}); !done) return done.error();
  }
  return made;
}

}  // namespace millrace
