// Strict reading of PipeEdge's YAML: every access says file, line and column when it finds something else.
// Throws Fault inside, which pipeedge_files.cpp and pipeedge_schedule.cpp turn into an Error at their border.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/scenario/strict_yaml.hpp"

namespace millrace::pipeedge {

inline constexpr std::size_t kMaxLayers = 4096;
inline constexpr std::size_t kMaxHosts = 1024;

struct Fault {
  std::string message;
};

class File {
 public:
  // Throws where the text is not strict YAML.
  File(std::string name, const std::string& text);

  const YamlNode& root() const { return root_; }
  [[noreturn]] void fail(const YamlNode& at, const std::string& finding) const;

  // The map's keys; all of them must be in `allowed`, and each of those there.
  std::map<std::string, const YamlNode*> fields(const YamlNode& node, const std::string& what,
                                                const std::vector<std::string>& allowed) const;
  const std::vector<YamlEntry>& entries(const YamlNode& node, const std::string& what) const;
  const std::vector<YamlNode>& items(const YamlNode& node, const std::string& what) const;
  const std::string& text(const YamlNode& node, const std::string& what) const;
  // Finite, not negative; Python's exponents are fine.
  double number(const YamlNode& node, const std::string& what) const;
  int whole(const YamlNode& node, const std::string& what, std::size_t limit) const;
  std::vector<double> numbers(const YamlNode& node, const std::string& what, std::size_t count) const;

 private:
  std::string name_;
  YamlNode root_;
};

}  // namespace millrace::pipeedge
