// Reads a file of strict YAML field by field: every access that does not find what was asked for reports
// file, line and column. For short files written by programs, where the first fault ends the reading;
// scenarios, whose faults are all listed at once, are read by runtime/scenario.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/yaml/strict_yaml.hpp"

namespace millrace {

class CheckedYaml {
 public:
  // Thrown by every member below. It stays inside the reader of a format, which turns it into an Error:
  //   try { … } catch (const CheckedYaml::Fault& fault) { return fault.error(); }
  struct Fault {
    std::string message;
    Error error() const { return Error{message, ExitCode::invalid_input}; }
  };
  using Fields = std::map<std::string, const YamlNode*>;

  // `name` stands for the file in messages. Throws if `text` is not strict YAML, or empty.
  CheckedYaml(std::string name, const std::string& text);

  const YamlNode& root() const { return root_; }
  [[noreturn]] void fail(const YamlNode& at, const std::string& finding) const { fail(at.mark, finding); }
  [[noreturn]] void fail(const YamlMark& at, const std::string& finding) const;

  // In all members, `what` names the node in messages. The values live as long as this object.
  // The map's fields. ENSURES all of `required`, and no key that is neither required nor optional.
  Fields fields(const YamlNode& node, const std::string& what, const std::vector<std::string>& required,
                const std::vector<std::string>& optional = {}) const;
  const std::vector<YamlEntry>& entries(const YamlNode& node, const std::string& what) const;
  const std::vector<YamlNode>& items(const YamlNode& node, const std::string& what) const;
  // ENSURES not empty.
  const std::string& text(const YamlNode& node, const std::string& what) const;
  // ENSURES finite and not negative. Exponents are allowed.
  double number(const YamlNode& node, const std::string& what) const;
  // From 0 to `limit`.
  int whole(const YamlNode& node, const std::string& what, std::size_t limit) const;
  std::vector<double> numbers(const YamlNode& node, const std::string& what) const;

 private:
  std::string name_;
  YamlNode root_;
};

}  // namespace millrace
