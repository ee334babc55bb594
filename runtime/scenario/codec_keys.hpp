// What a scenario may say about a codec. Repeats what runtime/codec knows, so that reading scenarios needs no
// codecs; a test compares the two.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace millrace {

struct CodecKeys {
  std::string_view name;
  double bits = 0;        // its only width; 0: as the scenario says, 2 to 8 or 16, or real_least to real_most
  bool has_scope = true;  // whether there is side information that something shares
  double real_least = 0, real_most = 0;  // not 0: meets any real-valued bits within, and takes calibrations
  bool is_real() const { return real_most != 0; }
};

// Without u8 and u24, which are for a model's input.
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

// One that takes any bits for a name that is not known.
constexpr CodecKeys codec_keys(std::string_view name) {
  const auto found = std::ranges::find(kCodecKeys, name, &CodecKeys::name);
  return found == kCodecKeys.end() ? CodecKeys{} : *found;
}

}  // namespace millrace
