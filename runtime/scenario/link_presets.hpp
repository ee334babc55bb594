// Links by the name of their technology: rate, delay, loss and layer-2 overhead of each direction, with the
// source of each number. Rates are constant; for a rate that varies, give `trace` beside the preset.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/scenario/scenario.hpp"

namespace millrace {

struct PresetDirection {
  BitRate rate;
  Duration delay;  // one way
  double loss = 0;
  Bytes overhead;
};

struct LinkPreset {
  std::string_view name;
  PresetDirection up, down;  // of the subscriber; alike where the link is symmetric
  std::string_view source;
  bool symmetric() const;
};

const std::vector<LinkPreset>& link_presets();
// The values of `preset:`: every name, and NAME-up and NAME-down of presets whose directions differ.
std::vector<std::string> preset_names();
// The direction that a name of preset_names() means; NAME alone means up, or down if `downwards`.
std::optional<PresetDirection> preset_by_name(std::string_view name, bool downwards);

}  // namespace millrace
