#include <fmt/format.h>

#include "runtime/model/profile_file.hpp"

namespace millrace {

namespace {

constexpr std::size_t kPerLine = 8;

// Always quoted: a device may be called "8", "no" or "a: b".
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    out += control ? ' ' : c;
  }
  return out + "\"";
}

// fmt writes the shortest text that reads back to the same number.
std::string list(const std::vector<double>& numbers, const std::string& indent) {
  std::string out = "[";
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0) out += i % kPerLine == 0 ? ",\n" + indent : ", ";
    out += fmt::format("{}", numbers[i]);
  }
  return out + "]";
}

std::string seconds_text(const ProfileFile::Measurement& size, const std::string& indent) {
  if (!size.seconds.empty()) return list(size.seconds, indent);
  return fmt::format("{{attention: {}, attention_output: {}, mlp_up: {}, mlp_down: {}, first: {}}}",
                     size.mean_seconds[0], size.mean_seconds[1], size.mean_seconds[2], size.mean_seconds[3],
                     size.first_seconds);
}

std::string codec_text(const ProfileFile::CodecCost& cost) {
  return fmt::format("{{encode: {}, decode: {}}}\n", cost.encode_ns_per_value, cost.decode_ns_per_value);
}

}  // namespace

std::string profile_text(const ProfileFile& file) {
  std::string out = fmt::format("millrace_profile: 1\ndevice: {}\nsource: {}\ncodec_ns_per_value: {}",
                                quoted(file.device), quoted(file.source), codec_text(file.codec));
  if (!file.codecs.empty()) out += "codecs_ns_per_value:\n";
  for (const auto& [name, cost] : file.codecs) out += fmt::format("  {}: {}", quoted(name), codec_text(cost));
  out += "models:\n";
  for (const auto& model : file.models) {
    out += fmt::format("  {}:\n", quoted(model.name));
    if (!model.derived_from.empty()) out += fmt::format("    derived_from: {}\n", quoted(model.derived_from));
    if (!model.weight_bytes.empty())
      out += fmt::format("    weight_bytes: {}\n", list(model.weight_bytes, "      "));
    out += "    measured:\n";
    for (const auto& size : model.measured) {
      out += fmt::format("      - microbatch: {}\n        seconds: {}\n", size.microbatch,
                         seconds_text(size, "          "));
      if (!size.working_bytes.empty())
        out += fmt::format("        working_bytes: {}\n", list(size.working_bytes, "          "));
    }
  }
  return out;
}

}  // namespace millrace
