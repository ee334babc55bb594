// Traces as text, in the forms that are read here. What a form cannot say is an error, not an approximation,
// but for Mahimahi's, which holds whole packets in whole milliseconds (see opportunities_of()).
#pragma once

#include <string>

#include "runtime/base/result.hpp"
#include "sim/net/network_spec.hpp"

namespace millrace {

// The project's own CSV, `time_ns,rate_bit_per_s` where milliseconds or Mbit/s would not be exact, else
// `time_ms,rate_mbit_per_s`. A schedule becomes 12 Mbit/s per opportunity over the millisecond that ends with
// it; opportunities at 0 ms, which have no such millisecond, stand in a comment that mahimahi_text() is told
// by zero_opportunities().
std::string csv_text(const LinkRate& rate, const std::string& provenance);

// `zero_opportunities`: how many of the last millisecond's opportunities go to ms 0.
Result<std::string> mahimahi_text(const LinkRate& rate, std::size_t zero_opportunities = 0);
// What csv_text() noted; 0 in any other text.
std::size_t zero_opportunities(std::string_view csv);

// Seconds and Mbit/s, rows holding over the interval that ends at their time; the first row only sets the
// start. Times and rates are written with as many digits as they need.
std::string two_column_text(const LinkRate& rate);

}  // namespace millrace
