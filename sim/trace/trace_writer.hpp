// Writes traces as text, in formats that sim/trace reads. What a format cannot express is an error, not an
// approximation, except in Mahimahi's, which holds whole packets in whole milliseconds (see
// opportunities_of()).
#pragma once

#include <string>

#include "runtime/base/result.hpp"
#include "sim/net/network_spec.hpp"

namespace millrace {

// The project's own CSV: `time_ns,rate_mbit_per_s` where milliseconds would not be exact, else
// `time_ms,rate_mbit_per_s`. A schedule becomes 12 Mbit/s per opportunity over the millisecond that ends with
// the opportunity. Opportunities at 0 ms have no such millisecond: a comment holds their number, which
// zero_opportunities() reads for mahimahi_text().
std::string csv_text(const LinkRate& rate, const std::string& provenance);

// `zero_opportunities`: how many of the last millisecond's opportunities go to ms 0.
Result<std::string> mahimahi_text(const LinkRate& rate, std::size_t zero_opportunities = 0);
// The number in the comment of csv_text(); 0 for any other text.
std::size_t zero_opportunities(std::string_view csv);

// Seconds and Mbit/s; a row holds over the interval that ends at its time, and the first row only sets the
// start. Times and rates are written with as many digits as they need.
std::string two_column_text(const LinkRate& rate);

}  // namespace millrace
