// A contiguous range of sub-layers, counted as in PipeEdge: 1 .. 4·blocks, both ends included. A cut k lies
// after sub-layer k.
#pragma once

#include <compare>

namespace millrace {

struct LayerRange {
  int first = 1;
  int last = 0;
  constexpr bool operator==(const LayerRange&) const = default;
  constexpr int size() const { return last - first + 1; }
  constexpr bool contains(int layer) const { return first <= layer && layer <= last; }
};

}  // namespace millrace
