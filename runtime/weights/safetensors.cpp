#include "runtime/weights/safetensors.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "runtime/base/foreign_file.hpp"

namespace millrace {

static_assert(std::endian::native == std::endian::little, "safetensors are little-endian; so are we");

namespace {

using Json = nlohmann::json;

constexpr int kMaxDepth = 3;  // header, tensor, shape

struct Dtype {
  std::string_view name;
  std::uint64_t bytes;
  WeightType type;
};
constexpr std::array<Dtype, 15> kDtypes{{
    {"F32", 4, WeightType::f32},
    {"F16", 2, WeightType::f16},
    {"BF16", 2, WeightType::bf16},
    {"F64", 8, WeightType::other},
    {"I64", 8, WeightType::i64},
    {"U64", 8, WeightType::other},
    {"I32", 4, WeightType::i32},
    {"U32", 4, WeightType::other},
    {"I16", 2, WeightType::other},
    {"U16", 2, WeightType::other},
    {"I8", 1, WeightType::other},
    {"U8", 1, WeightType::other},
    {"BOOL", 1, WeightType::other},
    {"F8_E4M3", 1, WeightType::other},
    {"F8_E5M2", 1, WeightType::other},
}};

Error invalid(std::string finding) { return {std::move(finding), ExitCode::invalid_input}; }

// Parses and refuses duplicate keys and deep nesting, which nlohmann-json by itself allows.
Result<Json> parse_header(std::string_view text) {
  std::vector<std::set<std::string>> keys;
  std::string fault;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > kMaxDepth) fault = "the header is nested too deeply";
    if (!fault.empty()) return false;
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second)
      fault = fmt::format("key {} appears twice in the header", in_quotes(parsed.get<std::string>()));
    return true;
  };
  Json header = Json::parse(text, watch, false);
  if (!fault.empty()) return invalid(fault);
  if (header.is_discarded()) return invalid("the header is not valid JSON");
  if (!header.is_object()) return invalid("the header is not a JSON object");
  return header;
}

// Reads shape and dtype into `tensor`; returns the number of bytes that follows from them.
Result<std::uint64_t> read_shape(const Json& entry, StoredTensor& tensor) {
  const Json &dtype = entry["dtype"], &shape = entry["shape"];
  if (!dtype.is_string()) return invalid("dtype must be a string");
  tensor.dtype = dtype.get<std::string>();
  const auto* known =
      std::find_if(kDtypes.begin(), kDtypes.end(), [&](const Dtype& d) { return d.name == tensor.dtype; });
  if (known == kDtypes.end()) return invalid(fmt::format("dtype {} is unknown", in_quotes(tensor.dtype)));
  tensor.type = known->type;
  if (!shape.is_array() || shape.size() > kMaxTensorRank)
    return invalid(fmt::format("shape must be a list of at most {} sizes", kMaxTensorRank));
  std::uint64_t bytes = known->bytes;
  for (const Json& size : shape) {
    if (!size.is_number_unsigned()) return invalid("shape must hold whole numbers >= 0");
    const auto n = size.get<std::uint64_t>();
    if (n > INT64_MAX || __builtin_mul_overflow(bytes, n, &bytes)) return invalid("shape is too large");
    tensor.shape.push_back(static_cast<std::int64_t>(n));
  }
  return bytes;
}

Result<StoredTensor> read_entry(const Json& entry, std::uint64_t data_start, std::uint64_t data_bytes) {
  if (!entry.is_object()) return invalid("its entry must be an object");
  for (const auto& [key, value] : entry.items()) {
    if (key != "dtype" && key != "shape" && key != "data_offsets")
      return invalid(fmt::format("unknown key {}", in_quotes(key)));
  }
  if (entry.size() != 3) return invalid("its entry must have dtype, shape and data_offsets");
  StoredTensor tensor;
  const auto bytes = read_shape(entry, tensor);
  if (!bytes) return bytes.error();
  const Json& offsets = entry["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
      !offsets[1].is_number_unsigned())
    return invalid("data_offsets must be two whole numbers >= 0");
  const auto begin = offsets[0].get<std::uint64_t>(), end = offsets[1].get<std::uint64_t>();
  if (begin > end || end > data_bytes)
    return invalid(
        fmt::format("data_offsets {}..{} lie outside the {} bytes of data", begin, end, data_bytes));
  if (end - begin != *bytes)
    return invalid(fmt::format("data_offsets span {} bytes, dtype and shape need {}", end - begin, *bytes));
  tensor.offset = data_start + begin;
  tensor.bytes = *bytes;
  return tensor;
}

// Checks that every byte of data is in exactly one tensor.
Result<void> check_cover(const SafetensorsIndex& index, std::uint64_t data_start, std::uint64_t file_bytes) {
  std::vector<const SafetensorsIndex::value_type*> in_order;
  for (const auto& item : index) in_order.push_back(&item);
  std::sort(in_order.begin(), in_order.end(), [](const auto* a, const auto* b) {
    return std::pair(a->second.offset, a->second.bytes) < std::pair(b->second.offset, b->second.bytes);
  });
  std::uint64_t covered = data_start;
  for (const auto* item : in_order) {
    if (item->second.offset != covered)
      return invalid(
          fmt::format("tensor {} {} at data byte {}", in_quotes(item->first),
                      item->second.offset < covered ? "overlaps another" : "leaves a hole before it",
                      item->second.offset - data_start));
    covered += item->second.bytes;
  }
  if (covered != file_bytes)
    return invalid(fmt::format("{} bytes at the end belong to no tensor", file_bytes - covered));
  return {};
}

float half_to_float(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000) << 16;
  const std::uint32_t exponent = half >> 10 & 0x1f, fraction = half & 0x3ff;
  if (exponent == 0)  // zero or subnormal: fraction · 2^-24, exact in fp32
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(static_cast<float>(fraction) * 0x1p-24F) | sign);
  const std::uint32_t wide = exponent == 0x1f ? 0xff : exponent + 127 - 15;
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

}  // namespace

Result<SafetensorsIndex> parse_safetensors(std::span<const std::byte> file) {
  std::uint64_t header_bytes = 0;
  if (file.size() < sizeof header_bytes)
    return invalid(fmt::format("{} bytes are too few for a safetensors file", file.size()));
  std::memcpy(&header_bytes, file.data(), sizeof header_bytes);
  if (header_bytes > kMaxHeaderBytes) {
    if (const auto foreign = foreign_file(file)) return invalid(*foreign + "; it is not a safetensors file");
  }
  if (header_bytes > kMaxHeaderBytes)
    return invalid(fmt::format(
        "it does not begin as a safetensors file does: a header of {} bytes is not believed (limit {})",
        header_bytes, kMaxHeaderBytes));
  if (header_bytes > file.size() - sizeof header_bytes)
    return invalid(fmt::format("truncated: a header of {} bytes in a file of {}", header_bytes, file.size()));
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + sizeof header_bytes, header_bytes);
  if (!text.starts_with('{')) return invalid("the header does not start with '{'");
  auto header = parse_header(text);
  if (!header) return header.error();
  if (header->size() > kMaxTensors) return invalid(fmt::format("more than {} tensors", kMaxTensors));

  const std::uint64_t data_start = sizeof header_bytes + header_bytes;
  SafetensorsIndex index;
  for (const auto& [name, entry] : header->items()) {
    if (name == "__metadata__") {
      const bool strings =
          entry.is_object() &&
          std::all_of(entry.begin(), entry.end(), [](const Json& value) { return value.is_string(); });
      if (!strings) return invalid("__metadata__ must map strings to strings");
      continue;
    }
    auto tensor = read_entry(entry, data_start, file.size() - data_start);
    if (!tensor) return tensor.error().in("tensor " + in_quotes(name));
    index.emplace(name, std::move(*tensor));
  }
  if (const auto covered = check_cover(index, data_start, file.size()); !covered) return covered.error();
  return index;
}

void widen_to_float(WeightType type, std::span<const std::byte> stored, std::span<float> out) {
  MR_CHECK(is_float(type) && stored.size() == out.size() * size_of(type));
  if (out.empty()) return;
  if (type == WeightType::f32) {
    std::memcpy(out.data(), stored.data(), stored.size());
    return;
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, stored.data() + 2 * i, sizeof bits);
    out[i] = type == WeightType::f16 ? half_to_float(bits)
                                     : std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
  }
}

void widen_to_integer(WeightType type, std::span<const std::byte> stored, std::span<std::int64_t> out) {
  MR_CHECK(is_integer(type) && stored.size() == out.size() * size_of(type));
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (type == WeightType::i64) {
      std::memcpy(&out[i], stored.data() + 8 * i, sizeof out[i]);
    } else {
      std::int32_t number = 0;
      std::memcpy(&number, stored.data() + 4 * i, sizeof number);
      out[i] = number;
    }
  }
}

std::string in_quotes(std::string_view hostile) {
  constexpr std::size_t kLongest = 80;
  std::string text(hostile.substr(0, kLongest));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) c = '?';
  }
  return fmt::format("\"{}{}\"", text, hostile.size() > kLongest ? "…" : "");
}

}  // namespace millrace
