#include "runtime/scenario/rows.hpp"

#include <fmt/format.h>

namespace millrace {

std::string joined_path(const std::string& at, const std::string& key) {
  return at.empty() || key.empty() ? at + key : fmt::format("{}.{}", at, key);
}

void add_below(Schema& schema, const std::string& at, const Schema& below) {
  for (Key key : below.keys) {
    key.path = joined_path(at, key.path);
    schema.keys.push_back(std::move(key));
  }
  for (Alternative alternative : below.alternatives) {
    alternative.parent = joined_path(at, alternative.parent);
    schema.alternatives.push_back(std::move(alternative));
  }
}

Key item_of(const Key& list, std::string doc) {
  return {.path = list.path + "[]", .kind = ValueKind::map, .doc = std::move(doc)};
}

std::vector<std::string> texts_at(const Fields& in, const std::string& list) {
  std::vector<std::string> texts;
  texts.reserve(in.size(list));
  for (std::size_t i = 0; i < in.size(list); ++i)
    texts.push_back(in.text(fmt::format("{}[{}]", list, i)).value_or(""));
  return texts;
}

}  // namespace millrace
