// Figures for people: fixed decimals, and more digits where these would make nothing of a figure that is not
// nothing. Surprising fact: a figure that is exactly 0 is "0" and not "0.00", so that the two can be told
// apart.
#pragma once

#include <cstdint>
#include <string>

namespace millrace {

// `decimals` digits after the point; two significant ones where those would leave fewer: 0.000149 with three
// is "0.00015". Zero is "0".
std::string figure_text(double value, int decimals);

// In the unit that fits, decimal: "149 B", "12.3 kB", "4.56 MB".
std::string bytes_text(double bytes);

// The same for memory, whose units are binary: "149 B", "12.3 KiB", "4.6 MiB".
std::string memory_text(double bytes);

}  // namespace millrace
