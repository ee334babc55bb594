#include "runtime/scenario/key_path.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "runtime/scenario/did_you_mean.hpp"
#include "runtime/yaml/yaml_text.hpp"

namespace millrace {
namespace {

std::string unknown_key(const Schema& schema, const std::vector<PathStep>& path) {
  for (std::size_t length = 1; length <= path.size(); ++length) {
    const std::vector<PathStep> part(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(length));
    if (schema.find(row_of(part)) != nullptr) continue;
    const std::vector<PathStep> parent(part.begin(), part.end() - 1);
    const std::string row = row_of(parent);
    const Key* key = schema.find(row);
    if (std::holds_alternative<std::size_t>(part.back())) return fmt::format("{} is not a list", row);
    if (key != nullptr && key->kind == ValueKind::list)
      return fmt::format("{} is a list; say which item, {}[0]", row, row);
    if (key != nullptr && key->kind != ValueKind::map) return fmt::format("{} has no keys below it", row);
    std::vector<std::string> names;
    for (const Key* known : schema.children(row)) names.emplace_back(known->name());
    const auto& name = std::get<std::string>(part.back());
    const std::string meant = did_you_mean(name, names);
    const std::string where = row.empty() ? "" : " in " + row;
    if (!meant.empty())
      return fmt::format("unknown key \"{}\"{}; did you mean \"{}\"?", shown(name), where, meant);
    return fmt::format("unknown key \"{}\"{}; known here: {}", shown(name), where, fmt::join(names, ", "));
  }
  return "";
}

}  // namespace

Result<KeyPath> find_key_path(const Schema& schema, std::string_view path) {
  auto steps = parse_path(path);
  if (!steps) return steps.error();
  if (std::string message = unknown_key(schema, *steps); !message.empty())
    return Error{std::move(message), ExitCode::invalid_input};
  const Key* key = schema.find(row_of(*steps));
  return KeyPath{std::move(*steps), key};
}

}  // namespace millrace
