// Finds the place in a scenario of an error that occurred after reading, for example when a trace is opened.
// Surprising fact: the place is found from the error's sentence, which begins with a key ("model.microbatch:
// …") or names a file that is the value of some key.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/yaml/problem.hpp"

namespace millrace {

struct ScenarioSource {
  std::string path{};                    // of the file, as the user gave it
  std::string text{};                    // the file's content
  std::vector<std::string> overrides{};  // KEY=VALUE, as given to read_scenario()
};

// The error at the line of its key or, if an override set the key, at "--set KEY"; without a line if the
// sentence names neither a key nor a file of the scenario. A file's key is put before the sentence.
Problem place_error(const ScenarioSource& source, const Error& error);

}  // namespace millrace
