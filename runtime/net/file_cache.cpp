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

// What was used this recently is not removed: another agent may be about to open it.
constexpr auto kFresh = std::chrono::minutes(10);

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
  const auto place = fs::path(folder_) / ("folder-" + sha256_hex(content));
  if (fs::is_directory(place, error)) return place.string();
  const fs::path making = fmt::format("{}.part-{}", place.string(), getpid());
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

// Files with whole names of hashes only: what is on its way is not ours to judge.
void FileCache::make_room(std::uint64_t bytes) const {
  struct Kept {
    fs::path path;
    std::uint64_t size;
    fs::file_time_type used;
  };
  std::vector<Kept> all;
  std::uint64_t total = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    if (!is_sha256(entry.path().filename().string()) || !entry.is_regular_file(error)) continue;
    all.push_back({entry.path(), entry.file_size(error), entry.last_write_time(error)});
    total += all.back().size;
  }
  std::sort(all.begin(), all.end(), [](const Kept& a, const Kept& b) { return a.used < b.used; });
  const auto fresh = fs::file_time_type::clock::now() - kFresh;
  for (const auto& kept : all) {
    if (total + bytes <= limit_ || kept.used > fresh) return;
    fs::remove(kept.path, error);
    total -= kept.size;
  }
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
  make_room(file.size);
  auto state = std::make_unique<Incoming::State>();
  state->file = file;
  state->whole = fs::path(folder_) / file.sha256;
  std::string part = state->whole.string() + ".part-XXXXXX";
  state->descriptor = mkostemp(part.data(), O_CLOEXEC);
  state->part = part;
  if (state->descriptor < 0) return system_error(part, "cannot be made");
  return std::unique_ptr<Incoming>(new Incoming(std::move(state)));
}

Result<void> FileCache::Incoming::append(std::span<const std::byte> bytes) {
  if (bytes.size() > state_->file.size - size_)
    return Error{state_->file.path + ": the host sends more of it than it said"};
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
