// The `network` of a checked tree as structs.
#pragma once

#include <cstddef>
#include <vector>

#include "runtime/scenario/fields.hpp"
#include "runtime/scenario/scenario.hpp"

namespace millrace {

// `link_item`: of each of network.links, the index in the file's list it was read from.
void fill_network(const Fields& in, NetworkSection& network, std::vector<std::size_t>& link_item);

}  // namespace millrace
