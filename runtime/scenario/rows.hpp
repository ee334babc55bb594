// The rows of the table of keys, each with the struct field that it fills. A row defines the check of its
// key, its default (the field's initial value), how a file's value fills the field, its line in a resolved
// scenario, and its entries in the JSON Schema and the key reference.
//
//   Table<CrossTrafficSection> table;
//   table.key(&CrossTrafficSection::start, {.path = "start", .doc = "When it begins.", .most = kLongest});
//
// A key's path is relative to its section. Rows are read and written in the order in which they were added.
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/scenario/choices.hpp"
#include "runtime/scenario/fields.hpp"
#include "runtime/scenario/schema.hpp"
#include "runtime/scenario/stored.hpp"
#include "runtime/yaml/yaml_writer.hpp"

namespace millrace {

// What is written: everything, or all but the keys that say how a scenario is run (Key::how).
enum class Extent : std::uint8_t { whole, identity };

// Called with a path that a scenario holds: the row of its key in the whole table ("network.links[].trace"),
// the key, and the path as it would be written.
using PathVisitor = std::function<void(const std::string& row, const Key& key, const std::string& text)>;

// `at` is the path of the row's own key in the tree, "network.links[3].rate"; `row` its row in the table.
template <class Section>
struct Row {
  Key key;
  // Empty: scenario_fill.cpp or another row reads the key.
  std::function<void(const Fields& in, const std::string& at, Section&)> fill{};
  // The value written after the key in a resolved scenario; nothing: the key is left out.
  std::function<std::optional<std::string>(const Section&)> text{};
  // Instead of `text`, for more than one line. Both empty: the key is never written.
  std::function<void(Writer&, const Section&, Extent)> write{};
  // Visits the paths that are not empty. Empty: neither the key nor those below it name files.
  std::function<void(const Section&, const std::string& row, const PathVisitor&)> paths{};
  Schema below{};  // the keys inside this one; their paths begin with its own
};

template <class Section>
class Table {
 public:
  using When = std::function<bool(const Section&)>;  // whether the key is written; empty: always

  // A key with a field of its own. If `key` has no default, the field's initial value is the default.
  template <class Field>
  Table& key(Field Section::*field, Key key, When when = {});
  // The default of the key added last depends on other keys, as its documentation says.
  Table& no_default();
  // A list of texts, each of which is an `item` (whose path is not needed); an empty list is not written.
  Table& texts(std::vector<std::string> Section::*field, Key key, Key item);
  // A map with the rows of `table`.
  template <class Part>
  Table& map(Part Section::*field, Key key, const Table<Part>& table);
  // The same on one line; an empty field is not written.
  template <class Part>
  Table& flow_map(std::optional<Part> Section::*field, Key key, const Table<Part>& table);
  // A list of maps with the rows of `table`; an empty one is not written.
  template <class Part>
  Table& list(std::vector<Part> Section::*field, Key key, std::string item_doc, const Table<Part>& table);
  // The same with each item on one line.
  template <class Part>
  Table& flow_list(std::vector<Part> Section::*field, Key key, std::string item_doc,
                   const Table<Part>& table);
  // Rows of a struct within this one, with their keys in this section. REQUIRES keys with fields of their
  // own, and no paths.
  template <class Part>
  Table& inlined(Part Section::*field, const Table<Part>& table);
  // Any other row.
  Table& row(Row<Section> row);
  // An Alternative among keys of this section.
  Table& alternative(std::vector<std::vector<std::string>> sets, bool needed, std::string unless = "");

  const std::vector<Row<Section>>& rows() const { return rows_; }
  // Adds all keys and alternatives, below the path `at`.
  void add_to(Schema& schema, const std::string& at) const;
  // Replaces the section's fields by the values that the file gives below `at`.
  void fill(const Fields& in, const std::string& at, Section& section) const;
  void write(Writer& out, const Section& section, Extent extent) const;
  // Visits every path of a file or folder that the section holds; `row` is the section's own row.
  void for_each_path(const Section& section, const std::string& row, const PathVisitor& visit) const;
  // "{p: 0.01, r: 0.5}". REQUIRES rows with a text.
  std::string flow(const Section& section) const;

 private:
  template <class Part>
  Row<Section> list_row(std::vector<Part> Section::*field, Key key, std::string item_doc,
                        const Table<Part>& table);

  std::vector<Row<Section>> rows_;
  std::vector<Alternative> alternatives_;
};

// "network.kind" from "network" and "kind".
std::string joined_path(const std::string& at, const std::string& key);
// Adds the keys and alternatives of `below`, with `at` before their paths.
void add_below(Schema& schema, const std::string& at, const Schema& below);
// The map "path[]", the item of the list "path".
Key item_of(const Key& list, std::string doc);
std::vector<std::string> texts_at(const Fields& in, const std::string& list);

// --- implementation

template <class Section>
template <class Field>
Table<Section>& Table<Section>::key(Field Section::*field, Key key, When when) {
  Stored<Field>::describe(key);
  static const Section usual{};  // static: g++ 12 takes a local one for uninitialized
  if (!key.required && key.fallback.empty())
    key.fallback = Stored<Field>::text(key, usual.*field).value_or("");
  const auto fill = [field, unit = key.unit](const Fields& in, const std::string& at, Section& section) {
    Stored<Field>::read(in, unit, at, section.*field);
  };
  const auto text = [field, key, when](const Section& section) -> std::optional<std::string> {
    if (when && !when(section)) return std::nullopt;
    auto plain = Stored<Field>::text(key, section.*field);
    return plain ? std::optional(as_scalar(key, std::move(*plain))) : std::nullopt;
  };
  Row<Section> added{.key = key, .fill = fill, .text = text};
  if constexpr (std::same_as<Field, std::string>) {
    if (key.kind == ValueKind::path)
      added.paths = [field, key](const Section& section, const std::string& row, const PathVisitor& visit) {
        if (!(section.*field).empty()) visit(row, key, section.*field);
      };
  }
  return row(std::move(added));
}

template <class Section>
Table<Section>& Table<Section>::no_default() {
  rows_.back().key.fallback.clear();
  return *this;
}

template <class Section>
Table<Section>& Table<Section>::texts(std::vector<std::string> Section::*field, Key key, Key item) {
  key.kind = ValueKind::list;
  item.path = key.path + "[]";
  const auto fill = [field](const Fields& in, const std::string& at, Section& section) {
    section.*field = texts_at(in, at);
  };
  const auto text = [field, item](const Section& section) -> std::optional<std::string> {
    if ((section.*field).empty()) return std::nullopt;
    std::vector<std::string> items;
    for (const std::string& one : section.*field) items.push_back(as_scalar(item, one));
    return flow_list_text(items);
  };
  return row({.key = std::move(key), .fill = fill, .text = text, .below = {{item}, {}}});
}

template <class Section>
template <class Part>
Table<Section>& Table<Section>::map(Part Section::*field, Key key, const Table<Part>& table) {
  key.kind = ValueKind::map;
  Row<Section> added{.key = std::move(key)};
  table.add_to(added.below, added.key.path);
  added.fill = [field, &table](const Fields& in, const std::string& at, Section& section) {
    table.fill(in, at, section.*field);
  };
  added.write = [field, &table, name = added.key.path](Writer& out, const Section& section, Extent extent) {
    out.map(name, [&] { table.write(out, section.*field, extent); });
  };
  added.paths = [field, &table](const Section& section, const std::string& row, const PathVisitor& visit) {
    table.for_each_path(section.*field, row, visit);
  };
  return row(std::move(added));
}

template <class Section>
template <class Part>
Table<Section>& Table<Section>::flow_map(std::optional<Part> Section::*field, Key key,
                                         const Table<Part>& table) {
  key.kind = ValueKind::map;
  Row<Section> added{.key = std::move(key)};
  table.add_to(added.below, added.key.path);
  added.fill = [field, &table](const Fields& in, const std::string& at, Section& section) {
    if (in.node(at) != nullptr) table.fill(in, at, (section.*field).emplace());
  };
  added.text = [field, &table](const Section& section) -> std::optional<std::string> {
    return section.*field ? std::optional(table.flow(*(section.*field))) : std::nullopt;
  };
  return row(std::move(added));
}

template <class Section>
template <class Part>
Row<Section> Table<Section>::list_row(std::vector<Part> Section::*field, Key key, std::string item_doc,
                                      const Table<Part>& table) {
  key.kind = ValueKind::list;
  const Key item = item_of(key, std::move(item_doc));
  Row<Section> added{.key = std::move(key), .below = {{item}, {}}};
  table.add_to(added.below, item.path);
  added.fill = [field, &table](const Fields& in, const std::string& at, Section& section) {
    for (std::size_t i = 0; i < in.size(at); ++i)
      table.fill(in, fmt::format("{}[{}]", at, i), (section.*field).emplace_back());
  };
  added.paths = [field, &table](const Section& section, const std::string& row, const PathVisitor& visit) {
    for (const Part& part : section.*field) table.for_each_path(part, row + "[]", visit);
  };
  return added;
}

template <class Section>
template <class Part>
Table<Section>& Table<Section>::list(std::vector<Part> Section::*field, Key key, std::string item_doc,
                                     const Table<Part>& table) {
  auto added = list_row(field, std::move(key), std::move(item_doc), table);
  added.write = [field, &table, name = added.key.path](Writer& out, const Section& section, Extent extent) {
    if (!(section.*field).empty()) out.line("{}:", name);
    for (const Part& part : section.*field) out.item([&] { table.write(out, part, extent); });
  };
  return row(std::move(added));
}

template <class Section>
template <class Part>
Table<Section>& Table<Section>::flow_list(std::vector<Part> Section::*field, Key key, std::string item_doc,
                                          const Table<Part>& table) {
  auto added = list_row(field, std::move(key), std::move(item_doc), table);
  added.write = [field, &table, name = added.key.path](Writer& out, const Section& section, Extent) {
    if (!(section.*field).empty()) out.line("{}:", name);
    for (const Part& part : section.*field) out.item([&] { out.line("{}", table.flow(part)); });
  };
  return row(std::move(added));
}

template <class Section>
template <class Part>
Table<Section>& Table<Section>::inlined(Part Section::*field, const Table<Part>& table) {
  for (const Row<Part>& inner : table.rows()) {
    Row<Section> added{.key = inner.key, .below = inner.below};
    if (inner.fill)
      added.fill = [field, fill = inner.fill](const Fields& in, const std::string& at, Section& section) {
        fill(in, at, section.*field);
      };
    if (inner.text)
      added.text = [field, text = inner.text](const Section& section) { return text(section.*field); };
    row(std::move(added));
  }
  return *this;
}

template <class Section>
Table<Section>& Table<Section>::row(Row<Section> row) {
  rows_.push_back(std::move(row));
  return *this;
}

template <class Section>
Table<Section>& Table<Section>::alternative(std::vector<std::vector<std::string>> sets, bool needed,
                                            std::string unless) {
  alternatives_.push_back({"", std::move(sets), needed, std::move(unless)});
  return *this;
}

template <class Section>
void Table<Section>::add_to(Schema& schema, const std::string& at) const {
  Schema own{{}, alternatives_};
  for (const Row<Section>& row : rows_) {
    own.keys.push_back(row.key);
    add_below(own, "", row.below);
  }
  add_below(schema, at, own);
}

template <class Section>
void Table<Section>::fill(const Fields& in, const std::string& at, Section& section) const {
  for (const Row<Section>& row : rows_) {
    if (row.fill) row.fill(in, joined_path(at, row.key.path), section);
  }
}

template <class Section>
void Table<Section>::write(Writer& out, const Section& section, Extent extent) const {
  for (const Row<Section>& row : rows_) {
    if (row.key.how && extent == Extent::identity) continue;
    if (row.write) row.write(out, section, extent);
    if (!row.text) continue;
    if (const auto text = row.text(section)) out.line("{}: {}", row.key.path, *text);
  }
}

template <class Section>
void Table<Section>::for_each_path(const Section& section, const std::string& row,
                                   const PathVisitor& visit) const {
  for (const Row<Section>& one : rows_) {
    if (one.paths) one.paths(section, joined_path(row, one.key.path), visit);
  }
}

template <class Section>
std::string Table<Section>::flow(const Section& section) const {
  std::string fields;
  for (const Row<Section>& row : rows_) {
    const auto text = row.text(section);
    if (text) fields += fmt::format("{}{}: {}", fields.empty() ? "" : ", ", row.key.path, *text);
  }
  return "{" + fields + "}";
}

}  // namespace millrace
