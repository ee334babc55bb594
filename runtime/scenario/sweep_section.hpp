// The `sweep:` block of a scenario: the keys that are varied, and their values. It belongs to the file, not
// to the scenario: a run, its hash and its resolved text do not contain it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/yaml/quantity.hpp"
#include "runtime/yaml/strict_yaml.hpp"

namespace millrace {

inline constexpr std::size_t kMaxSweptValues = 10'000;  // of one key
inline constexpr std::size_t kMaxSweptKeys = 1'000;
inline constexpr std::uint64_t kMaxCells = 100'000;

// One value of one key.
struct SweptValue {
  std::string key;            // "network.links[1].rate"
  std::string override_text;  // "network.links[1].rate=5 Mbit/s": the argument of `--set`
  std::string shown;          // "5 Mbit/s": for names and tables
  YamlMark mark;              // its place in the file; line 0: it comes from an override
};

struct SweptKey {
  std::string key;
  std::vector<SweptValue> values;
};

struct SweptVariant {
  std::string name;
  std::vector<SweptValue> settings;
};

// The cells are the product of the parts: every combination of the keys of `grid`, with every step of `zip`
// (whose keys step through their values together), with every variant of `list`, `replications` times each.
struct SweepSection {
  std::vector<SweptKey> grid;
  std::vector<SweptKey> zip;
  std::vector<SweptVariant> list;
  std::uint64_t replications = 1;

  std::uint64_t cells() const;  // more than kMaxCells: kMaxCells + 1
};

}  // namespace millrace
