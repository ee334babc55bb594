// Values of a checked tree, by path and with the defaults of the table of keys. What has been reported as
// wrong reads as absent: the scenario being filled will not be used then.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "runtime/scenario/schema_check.hpp"

namespace millrace {

class Fields {
 public:
  // All three outlive this; `root` has been through check_against.
  Fields(const Schema& schema, const YamlNode& root, const ProblemLog& log)
      : schema_(schema), root_(root), log_(log) {}

  // Paths are concrete: "network.links[1].delay". REQUIRES its row to have the kind asked for.
  std::optional<std::string> text(const std::string& path) const;  // name, path, choice
  std::optional<std::int64_t> exact(const std::string& path) const;
  std::optional<double> real(const std::string& path) const;
  std::optional<BoundText> bound(const std::string& path) const;
  std::size_t size(const std::string& path) const;  // of a list; 0 where absent
  const YamlNode* node(const std::string& path) const;

  // A choice as the enum whose names, in order, are `names`.
  template <class Enum, std::size_t n>
  std::optional<Enum> choice(const std::string& path, const std::array<std::string_view, n>& names) const {
    const auto word = text(path);
    if (!word) return std::nullopt;
    const auto found = std::find(names.begin(), names.end(), *word);
    if (found == names.end()) return std::nullopt;
    return static_cast<Enum>(found - names.begin());
  }

 private:
  const Key& row(const std::string& path) const;

  const Schema& schema_;
  const YamlNode& root_;
  const ProblemLog& log_;
};

}  // namespace millrace
