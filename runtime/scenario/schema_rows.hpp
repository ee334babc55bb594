// Parts of the table of keys that have a file of their own; schema_table.cpp puts them together.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/scenario/schema.hpp"

namespace millrace {

// The names of a choice (names.hpp).
template <std::size_t n>
std::vector<std::string> words(const std::array<std::string_view, n>& names) {
  return {names.begin(), names.end()};
}

void add_devices(std::vector<Key>& keys);
void add_events(std::vector<Key>& keys);
void add_policy(std::vector<Key>& keys);

}  // namespace millrace
