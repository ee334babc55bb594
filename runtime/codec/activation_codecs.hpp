// The codecs that a link may use for activations: all but those for a model's input (u8, u24), which would
// round an activation to whole numbers.
#pragma once

#include <string>
#include <vector>

namespace millrace {

// Without aliases, in the order of codec_names().
std::vector<std::string> activation_codec_names();

}  // namespace millrace
