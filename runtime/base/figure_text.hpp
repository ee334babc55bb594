// Figures for people: fixed decimals, with more digits for a small figure that they would round to nothing.
// Surprising fact: a figure that is exactly 0 is "0" and not "0.00", so that it differs from a small one.
#pragma once

#include <cstdint>
#include <string>

namespace millrace {

// `decimals` digits after the point, or two significant digits where that would leave fewer: 0.000149 with
// three decimals is "0.00015". Zero is "0".
std::string figure_text(double value, int decimals);

// In the decimal unit that fits: "149 B", "12.30 kB", "4.56 MB".
std::string bytes_text(double bytes);

// The same with binary units, for memory: "149 B", "12.3 KiB", "4.6 MiB".
std::string memory_text(double bytes);

}  // namespace millrace
