#include "sim/sweep/cell_key.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/sha256.hpp"

namespace millrace {

std::string cell_key(std::string_view resolved, NamedHashes inputs, const NamedHashes& binaries) {
  // Longest paths first: one path may be the beginning of another.
  std::ranges::sort(inputs, [](const auto& a, const auto& b) {
    return a.first.size() != b.first.size() ? a.first.size() > b.first.size() : a.first < b.first;
  });
  std::string text(resolved);
  for (const auto& [path, sha256] : inputs) {
    if (path.empty()) continue;
    const std::string mark = "sha256:" + sha256;
    for (std::size_t at = text.find(path); at != std::string::npos; at = text.find(path, at + mark.size()))
      text.replace(at, path.size(), mark);
  }
  // A path that the text writes differently than the manifest (escaped) stays in the text; its content counts
  // all the same.
  NamedHashes contents;
  contents.reserve(inputs.size());
  for (const auto& [path, sha256] : inputs) contents.emplace_back(sha256, "");
  std::ranges::sort(contents);
  text += "\ninputs\n";
  for (const auto& [sha256, nothing] : contents) text += sha256 + "\n";
  text += "binaries\n";
  for (const auto& [name, sha256] : binaries) text += fmt::format("{} {}\n", name, sha256);
  return sha256_hex("millrace cell 1\n" + text);
}

Result<std::string> FileHashes::of(const std::string& path) {
  if (const auto found = known_.find(path); found != known_.end()) return found->second;
  auto hash = sha256_of_file(path);
  if (hash) known_.emplace(path, *hash);
  return hash;
}

}  // namespace millrace
