// The values that a scenario's keys may have for each codec. Repeats facts of runtime/codec, so that reading
// scenarios needs no codecs; a test compares the two.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace millrace {

struct CodecKeys {
  std::string_view name;
  double bits = 0;        // its only width; 0: the scenario's, 2 to 8 or 16, or real_least to real_most
  bool has_scope = true;  // whether it has side information that an image, token or tensor shares
  double real_least = 0, real_most = 0;  // not 0: takes any real number of bits within, and calibrations
  bool is_real() const { return real_most != 0; }
};

// All codecs but u8 and u24, which are for a model's input.
inline constexpr std::array kCodecKeys = {
    CodecKeys{"fp32", 32, false},
    CodecKeys{"fp16", 16, false},
    CodecKeys{"bf16", 16, false},
    CodecKeys{"fp6", 6},
    CodecKeys{"fp4", 4},
    CodecKeys{"fp4-clip", 4},
    CodecKeys{"uniform"},
    CodecKeys{"aciq"},
    CodecKeys{"aciq-gauss"},
    CodecKeys{"ds-aciq"},
    CodecKeys{"klt", 0, false, 0.3, 8},
};

// An unknown name gives an entry that takes any bits.
constexpr CodecKeys codec_keys(std::string_view name) {
  const auto found = std::ranges::find(kCodecKeys, name, &CodecKeys::name);
  return found == kCodecKeys.end() ? CodecKeys{} : *found;
}

}  // namespace millrace
