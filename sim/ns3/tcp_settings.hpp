// The settings of every TCP connection here, of the pipeline and of cross traffic alike.
#pragma once

#include <cstdint>

#include "runtime/base/time.hpp"

namespace millrace::tcp {

inline constexpr std::uint32_t kSocketBuffer = 4U << 20U;  // bytes, each side
inline constexpr Duration kMinRetransmit = Duration::ms(200);
inline constexpr Duration kDelayedAck = Duration::ms(40);
inline constexpr Duration kConnectRetry = Duration::s(1);
inline constexpr std::uint32_t kConnectRetries = 12;
inline constexpr std::uint32_t kInitialWindow = 10;  // segments

}  // namespace millrace::tcp
