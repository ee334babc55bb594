// A cell: one run of a sweep, named and ordered the same way whenever the same block is read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/scenario/sweep_section.hpp"

namespace millrace {

struct Cell {
  std::size_t position = 0;          // from 0
  std::string name;                  // "adaptive, rate=5 Mbit/s, seed=2"
  std::string group;                 // the name without the seed, which replications share
  std::string variant;               // of `list`; empty without one
  std::vector<SweptValue> settings;  // of the variant, then zip, then grid
  std::uint64_t replication = 0;
  std::uint64_t seed = 0;  // of the run, where there are replications

  // The arguments of --set for `millrace run`, in this order.
  std::vector<std::string> overrides() const;
  bool replicated = false;
};

// In the order of the file: `list` changes slowest, then `zip`, then the keys of `grid` from first to last;
// replications change fastest. `first_seed` is the scenario's.
std::vector<Cell> enumerate_cells(const SweepSection& sweep, std::uint64_t first_seed);

// The keys that any cell sets, each once, in that order.
std::vector<std::string> swept_keys(const SweepSection& sweep);

// "network.links[1].rate" -> "rate", or as much of the key's end as tells it from the other keys.
std::string short_key(const std::string& key, const std::vector<std::string>& keys);

}  // namespace millrace
