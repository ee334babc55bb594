// The small language of scenario_fill.cpp and network_fill.cpp: a value that is there replaces the default.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

#include "runtime/base/time.hpp"
#include "runtime/base/units.hpp"
#include "runtime/scenario/fields.hpp"

namespace millrace {

template <class Target, class Value>
void assign(Target& target, const std::optional<Value>& value) {
  if (value) target = static_cast<Target>(*value);
}
inline void assign(Duration& target, std::optional<std::int64_t> ns) {
  if (ns) target = Duration::ns(*ns);
}
inline void assign(Bytes& target, std::optional<std::int64_t> bytes) {
  if (bytes) target = Bytes(*bytes);
}

inline std::vector<std::string> names_in(const Fields& in, const std::string& list) {
  std::vector<std::string> found;
  for (std::size_t i = 0; i < in.size(list); ++i)
    found.push_back(in.text(fmt::format("{}[{}]", list, i)).value_or(""));
  return found;
}

}  // namespace millrace
