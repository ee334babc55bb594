// How the types of a scenario's fields are read and written: the kind of key of each type, its value from a
// text, and the text of a value. A value that means "not given" has no text: an empty optional, an empty
// string, a number below the least that its key takes.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "runtime/base/time.hpp"
#include "runtime/base/units.hpp"
#include "runtime/scenario/choices.hpp"
#include "runtime/scenario/fields.hpp"
#include "runtime/scenario/schema.hpp"
#include "runtime/yaml/yaml_writer.hpp"

namespace millrace {

// Per type T:
//   describe(key)            fills in what the type determines of its key: kind, unit, choices
//   read(in, unit, at, to)   replaces `to` by the tree's value at `at`, if it has one
//   text(key, value)         the text of the value, without quotes
template <class T>
struct Stored;

template <class T>
concept WholeNumber = std::integral<T> && !std::same_as<T, bool>;

template <WholeNumber T>
struct Stored<T> {
  static void describe(Key& key) { key.kind = ValueKind::exact; }
  static void read(const Fields& in, Unit unit, const std::string& at, T& to) {
    if (const auto count = in.exact(unit, at)) to = static_cast<T>(*count);
  }
  static std::optional<std::string> text(const Key& key, T value) {
    return static_cast<std::int64_t>(value) < key.least ? std::nullopt
                                                        : std::optional(fmt::format("{}", value));
  }
};

// A quantity in whole ns, bytes or bit/s; kMake makes it from its number, kCount gives the number.
template <class T, Unit kUnit, auto kMake, auto kCount>
struct StoredQuantity {
  static void describe(Key& key) {
    key.kind = ValueKind::exact;
    key.unit = kUnit;
  }
  static void read(const Fields& in, Unit, const std::string& at, T& to) {
    if (const auto count = in.exact(kUnit, at)) to = kMake(*count);
  }
  static std::optional<std::string> text(const Key& key, T value) {
    const std::int64_t count = (value.*kCount)();
    return count < key.least ? std::nullopt : std::optional(format_exact(kUnit, count));
  }
};
template <class T>
constexpr T made(std::int64_t count) {
  return T(count);
}
template <>
struct Stored<Duration> : StoredQuantity<Duration, Unit::duration, Duration::ns, &Duration::count_ns> {};
template <>
struct Stored<Bytes> : StoredQuantity<Bytes, Unit::size, made<Bytes>, &Bytes::count> {};
template <>
struct Stored<BitRate> : StoredQuantity<BitRate, Unit::rate, made<BitRate>, &BitRate::bit_per_s> {};

template <>
struct Stored<double> {
  static void describe(Key& key) { key.kind = ValueKind::real; }
  static void read(const Fields& in, Unit unit, const std::string& at, double& to) {
    if (const auto value = in.real(unit, at)) to = *value;
  }
  static std::optional<std::string> text(const Key& key, double value) {
    const bool none = key.low_open ? value <= key.low : value < key.low;
    return none ? std::nullopt : std::optional(format_real(key.unit, value));
  }
};

// A name, a text, a path or a choice, according to its key.
template <>
struct Stored<std::string> {
  static void describe(const Key&) {}
  static void read(const Fields& in, Unit, const std::string& at, std::string& to) {
    if (const auto text = in.text(at)) to = *text;
  }
  static std::optional<std::string> text(const Key&, const std::string& value) {
    return value.empty() ? std::nullopt : std::optional(value);
  }
};

template <class T>
requires std::is_enum_v<T>
struct Stored<T> {
  static void describe(Key& key) {
    key.kind = ValueKind::choice;
    key.choices = words(kNames<T>);
  }
  static void read(const Fields& in, Unit, const std::string& at, T& to) {
    const auto text = in.text(at);
    const auto found = std::ranges::find(kNames<T>, text.value_or(""));
    if (found != kNames<T>.end()) to = static_cast<T>(found - kNames<T>.begin());
  }
  static std::optional<std::string> text(const Key&, T value) { return std::string(name_of(value)); }
};

template <class T>
struct Stored<std::optional<T>> {
  static void describe(Key& key) { Stored<T>::describe(key); }
  static void read(const Fields& in, Unit unit, const std::string& at, std::optional<T>& to) {
    if (in.text(at)) Stored<T>::read(in, unit, at, to ? *to : to.emplace());
  }
  static std::optional<std::string> text(const Key& key, const std::optional<T>& value) {
    return value ? Stored<T>::text(key, *value) : std::nullopt;
  }
};

// The text as written in a file: texts and paths in quotes, names in quotes only if they need them.
inline std::string as_scalar(const Key& key, const std::string& text) {
  const bool word = std::ranges::find(key.choices, text) != key.choices.end();
  const bool quoted = key.kind == ValueKind::text || (key.kind == ValueKind::path && !word);
  if (quoted) return quoted_text(text);
  return key.kind == ValueKind::name ? name_text(text) : text;
}

}  // namespace millrace
