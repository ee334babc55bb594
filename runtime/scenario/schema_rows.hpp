// Parts of the table of keys that have a file of their own; schema_table.cpp puts them together.
#pragma once

#include <vector>

#include "runtime/scenario/schema.hpp"

namespace millrace {

void add_events(std::vector<Key>& keys);

}  // namespace millrace
