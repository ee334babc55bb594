// Values of a checked tree, by path. A value that is absent or was reported as wrong reads as absent: then
// the default of the struct's field stays, and a scenario with a problem is not used.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/scenario/schema_check.hpp"

namespace millrace {

class Fields {
 public:
  // Both must outlive the object. REQUIRES that check_against() has checked `root`.
  Fields(const YamlNode& root, const ProblemLog& log) : root_(root), log_(log) {}

  // Paths are concrete: "network.links[1].delay". REQUIRES that their row has the kind and unit asked for.
  std::optional<std::string> text(const std::string& path) const;  // name, text, path, choice
  std::optional<std::int64_t> exact(Unit unit, const std::string& path) const;
  std::optional<double> real(Unit unit, const std::string& path) const;
  std::optional<BoundText> bound(Unit unit, const std::string& path) const;
  std::size_t size(const std::string& path) const;  // of a list; 0 where absent
  const YamlNode* node(const std::string& path) const;

 private:
  const YamlNode& root_;
  const ProblemLog& log_;
};

}  // namespace millrace
