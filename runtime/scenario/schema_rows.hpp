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
void add_network(std::vector<Key>& keys);
// `rate` or `trace` or a preset, one kind of delay and one of loss: of the map at `link`.
void add_link_alternatives(std::vector<Alternative>& alternatives, const std::string& link);
void add_events(std::vector<Key>& keys);
void add_partition(std::vector<Key>& keys);
void add_policy(std::vector<Key>& keys);
void add_run(std::vector<Key>& keys);

}  // namespace millrace
