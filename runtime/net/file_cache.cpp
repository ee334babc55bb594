#include "runtime/net/file_cache.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "runtime/base/log.hpp"
#include "runtime/base/sha256.hpp"

namespace millrace {

namespace fs = std::filesystem;

namespace {

// A file used this recently is not removed: another agent may be about to open it.
constexpr auto kFresh = std::chrono::minutes(2);
// A part not written to for this long was left by an agent that was killed.
constexpr auto kAbandoned = std::chrono::hours(1);
constexpr std::string_view kPart = ".part-", kFolder = "folder-";

bool is_it(const fs::path& path, const InputFile& file) {
  std::error_code error;
  if (!fs::is_regular_file(path, error) || fs::file_size(path, error) != file.size || error) return false;
  const auto hash = sha256_of_file(path.string());
  return hash && *hash == file.sha256;
}

Error system_error(const fs::path& path, std::string_view doing) {
  return {fmt::format("{}: {}: {}", path.string(), doing, std::strerror(errno))};
}

}  // namespace

std::string default_cache_folder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache == '/') return std::string(cache) + "/millrace";
  const char* home = std::getenv("HOME");
  return home != nullptr && *home == '/' ? std::string(home) + "/.cache/millrace" : std::string();
}

std::string FileCache::find(const InputFile& file) const {
  if (is_it(file.path, file)) return file.path;
  if (folder_.empty()) return {};
  const auto kept = fs::path(folder_) / file.sha256;
  std::error_code error;
  if (!fs::exists(kept, error)) return {};
  used_.insert(file.sha256);
  if (is_it(kept, file)) {
    fs::last_write_time(kept, fs::file_time_type::clock::now(), error);
    return kept.string();
  }
  log_warning("{} is damaged; it is fetched again", kept.string());
  fs::remove(kept, error);
  return {};
}

Result<std::string> FileCache::folder_of(const std::vector<std::pair<std::string, InputFile>>& names) const {
  std::string content;
  std::vector<fs::path> paths;
  std::error_code error;
  for (const auto& [name, file] : names) {
    if (name.empty() || name.front() == '.' || name.find('/') != std::string::npos)
      return Error{fmt::format("\"{}\" cannot be the name of a file here", name), ExitCode::invalid_input};
    paths.push_back(find(file));
    if (paths.back().empty()) return Error{fmt::format("{} is not here", file.path)};
    paths.back() = fs::absolute(paths.back(), error);
    content += fmt::format("{} {} {}\n", file.sha256, name, paths.back().string());
  }
  const auto name = std::string(kFolder) + sha256_hex(content);
  used_.insert(name);
  const auto place = fs::path(folder_) / name;
  if (fs::is_directory(place, error)) {
    fs::last_write_time(place, fs::file_time_type::clock::now(), error);
    return place.string();
  }
  const fs::path making = fmt::format("{}{}{}", place.string(), kPart, getpid());
  fs::remove_all(making, error);
  fs::create_directories(making, error);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto link = making / names[i].first;
    fs::create_symlink(paths[i], link, error);
    if (error) return Error{fmt::format("{}: cannot be made: {}", link.string(), error.message())};
  }
  fs::rename(making, place, error);
  if (error && !fs::is_directory(place)) return Error{fmt::format("{}: {}", place.string(), error.message())};
  return place.string();
}

// Names in the folder: a hash is a complete file, a hash with kPart one that is being received, kFolder a
// folder of links. Entries with other names are not ours.
Result<void> FileCache::make_room(const InputFile& file) const {
  struct Kept {
    fs::path path;
    std::uint64_t size;
    fs::file_time_type used;
  };
  std::vector<Kept> all;
  std::uint64_t total = file.size;
  const auto now = fs::file_time_type::clock::now();
  std::error_code error, ignored;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    const auto name = entry.path().filename().string();
    const auto age = now - entry.last_write_time(ignored);
    const bool part = name.find(kPart) != std::string::npos;
    if (name.starts_with(kFolder)) {
      if (age > kAbandoned && !used_.contains(name)) fs::remove_all(entry.path(), ignored);
    } else if (is_sha256(name.substr(0, name.find(kPart))) && entry.is_regular_file(ignored)) {
      if (part && age > kAbandoned && fs::remove(entry.path(), ignored)) continue;
      all.push_back({entry.path(), entry.file_size(ignored), now - age});
      total += all.back().size;
      if (part || age < kFresh || used_.contains(name)) all.pop_back();
    }
  }
  std::ranges::sort(all, {}, &Kept::used);
  for (const auto& kept : all) {
    if (total <= limit_) break;
    if (fs::remove(kept.path, ignored)) total -= kept.size;
  }
  if (total <= limit_) return {};
  return Error{
      fmt::format("{}: {} has no room for its {} bytes: files in use fill {} of the {} that this agent "
                  "keeps; give a larger --cache-limit, or try again in two minutes",
                  file.path, folder_, file.size, total - file.size, limit_),
      ExitCode::invalid_input};
}

struct FileCache::Incoming::State {
  InputFile file;
  fs::path part, whole;
  int descriptor = -1;
  Sha256 hash;
};

FileCache::Incoming::Incoming(std::unique_ptr<State> state) : state_(std::move(state)) {}

FileCache::Incoming::~Incoming() {
  if (state_->descriptor < 0) return;
  close(state_->descriptor);
  unlink(state_->part.c_str());
}

Result<std::unique_ptr<FileCache::Incoming>> FileCache::receive(const InputFile& file) const {
  if (folder_.empty())
    return Error{fmt::format(
        "{} is not on this device and there is no folder to keep it in; give --cache DIR", file.path)};
  if (file.size > limit_) {
    return Error{
        fmt::format("{} has {} bytes, more than the {} this agent keeps; give a larger --cache-limit, "
                    "or put the file where the scenario says",
                    file.path, file.size, limit_),
        ExitCode::invalid_input};
  }
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) return Error{fmt::format("{}: cannot be made: {}", folder_, error.message())};
  if (auto room = make_room(file); !room) return room.error();
  auto state = std::make_unique<Incoming::State>();
  state->file = file;
  state->whole = fs::path(folder_) / file.sha256;
  std::string part = state->whole.string() + std::string(kPart) + "XXXXXX";
  state->descriptor = mkostemp(part.data(), O_CLOEXEC);
  state->part = part;
  if (state->descriptor < 0) return system_error(part, "cannot be made");
  used_.insert(file.sha256);
  std::unique_ptr<Incoming> incoming(new Incoming(std::move(state)));
  // Reserves its space now, so that a full disk is noticed before hours of waiting.
  if (file.size > 0 && fallocate(incoming->state_->descriptor, 0, 0, static_cast<off_t>(file.size)) != 0 &&
      errno == ENOSPC)
    return system_error(part, fmt::format("cannot hold {} bytes", file.size));
  return incoming;
}

Result<void> FileCache::Incoming::append(std::span<const std::byte> bytes) {
  if (bytes.size() > state_->file.size - size_)
    return Error{state_->file.path + ": the host sends more bytes of it than it announced"};
  state_->hash.update(bytes);
  size_ += bytes.size();
  while (!bytes.empty()) {
    const auto written = write(state_->descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error(state_->part, "cannot be written");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::string> FileCache::Incoming::finish() {
  const auto& file = state_->file;
  const bool whole = size_ == file.size;
  if (!whole || state_->hash.hex() != file.sha256) {
    return Error{
        fmt::format("{}: what came from the host is not the file that it announced ({} of {} bytes); "
                    "it changes while it is read, or was damaged",
                    file.path, size_, file.size)};
  }
  if (fsync(state_->descriptor) != 0) return system_error(state_->part, "cannot be written");
  if (std::rename(state_->part.c_str(), state_->whole.c_str()) != 0)
    return system_error(state_->whole, "cannot be made");
  close(std::exchange(state_->descriptor, -1));
  return state_->whole.string();
}

}  // namespace millrace
