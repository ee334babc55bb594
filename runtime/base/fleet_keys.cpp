#include "runtime/base/fleet_keys.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <utility>

#include "runtime/base/read_file.hpp"

namespace millrace {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestName = 64;
constexpr std::int64_t kDay_s = 24 * 3600;
constexpr std::size_t kMaxPem = std::size_t{1} << 20;

// Removes again what was made unless everything was: half a fleet would be taken for a whole one.
class Made {
 public:
  Made() = default;
  Made(const Made&) = delete;
  Made& operator=(const Made&) = delete;
  ~Made() {
    std::error_code ignored;
    for (const auto& path : paths_) fs::remove_all(path, ignored);
  }
  void add(fs::path path) { paths_.push_back(std::move(path)); }
  void keep() { paths_.clear(); }

 private:
  std::vector<fs::path> paths_;
};

// The file is created with `mode`, so no other user can read a key at any moment. Errors call it `named`.
Result<void> write_file(const fs::path& path, const fs::path& named, const std::string& text, mode_t mode) {
  const auto failed = [&](const char* finding) {
    return Error{fmt::format("{}: {}: {}", named.string(), finding, std::strerror(errno))};
  };
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0) return failed("cannot be made");
  Result<void> done;
  for (std::string_view rest = text; !rest.empty() && done;) {
    const auto written = write(file, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0)
      done = failed("cannot be written");
    else
      rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (close(file) != 0 && done) done = failed("cannot be written");
  if (!done) (void)unlink(path.c_str());
  return done;
}

Result<CertificateAuthority> authority_in(const fs::path& folder, CertificateAuthority::Validity validity,
                                          Made& all) {
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
  const auto put = [&](const fs::path& path, const std::string& text, mode_t mode) {
    auto done = write_file(path, path, text, mode);
    if (done) all.add(path);
    return done;
  };
  if (auto done = put(certificate_file, authority->certificate(), 0644); !done) return done.error();
  if (auto done = put(key_file, *key, 0600); !done) return done.error();
  return authority;
}

// A folder is made under a name that no device has and is renamed when it is whole.
Result<void> make_member(const fs::path& own, const std::string& authority, const PemPair& pair, Made& all) {
  const auto failed = [&] {
    return Error{fmt::format("{}: cannot be made: {}", own.string(), std::strerror(errno)),
                 errno == EEXIST ? ExitCode::usage : ExitCode::run_failed};
  };
  const auto making = own.parent_path() / ("." + own.filename().string() + ".partial");
  std::error_code error;
  if (fs::exists(own, error)) return errno = EEXIST, failed();
  fs::remove_all(making, error);
  if (mkdir(making.c_str(), 0700) != 0) return failed();
  all.add(making);
  const auto put = [&](const char* name, const std::string& text, mode_t mode) {
    return write_file(making / name, own / name, text, mode);
  };
  if (auto done = put("ca.crt", authority, 0644); !done) return done;
  if (auto done = put("node.crt", pair.certificate, 0644); !done) return done;
  if (auto done = put("node.key", pair.key, 0600); !done) return done;
  if (rename(making.c_str(), own.c_str()) != 0) return failed();
  all.add(own);
  return {};
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
  Made all;
  auto authority = authority_in(folder, validity, all);
  if (!authority) return authority.error();
  std::vector<std::string> made;
  const auto add = [&](const std::string& name, const CertifiedNames& names) -> Result<void> {
    const auto own = folder / name;
    const auto pair = authority->issue(names, validity);
    if (!pair) return pair.error();
    if (auto done = make_member(own, authority->certificate(), *pair, all); !done) return done;
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
  all.keep();
  return made;
}

}  // namespace millrace
