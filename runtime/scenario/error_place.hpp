// Where in a scenario an error belongs that was found after it had been read, when a trace is opened say.
// Surprising fact: it is found from the sentence itself, which begins with a key ("model.microbatch: …") or
// names a file that some key names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/yaml/problem.hpp"

namespace millrace {

struct ScenarioSource {
  std::string path{};                    // of the file, as the user gave it
  std::string text{};                    // what is in it
  std::vector<std::string> overrides{};  // KEY=VALUE, as read_scenario() had them
};

// At the line of its key or, where an override had set it, at "--set KEY"; without a line where the sentence
// names neither a key nor a file of the scenario. A file's key is put before the sentence.
Problem place_error(const ScenarioSource& source, const Error& error);

}  // namespace millrace
