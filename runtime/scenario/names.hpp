// How the choices of a scenario are written, in the order of their enums; for the table of keys.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/scenario/scenario.hpp"

namespace millrace {

// The names of an enum's values, in their order.
template <class Enum>
inline constexpr std::array<std::string_view, 0> kNames{};
template <>
inline constexpr std::array<std::string_view, 4> kNames<Mode>{"simulate", "cosim", "emulate", "deploy"};
template <>
inline constexpr std::array<std::string_view, 2> kNames<NetworkKind>{"fluid", "ns3"};
template <>
inline constexpr std::array<std::string_view, 2> kNames<TransportKind>{"raw", "tcp"};
template <>
inline constexpr std::array<std::string_view, 2> kNames<ComputeKind>{"profile", "measured"};
template <>
inline constexpr std::array<std::string_view, 2> kNames<LinksKind>{"given", "netns"};
template <>
inline constexpr std::array<std::string_view, 3> kNames<ArrivalKind>{"closed-loop", "rate", "poisson"};
template <>
inline constexpr std::array<std::string_view, 8> kNames<TraceFormat>{
    "automatic", "csv", "mahimahi", "two-column", "table", "gnettrack", "sabre", "iperf3"};
template <>
inline constexpr std::array<std::string_view, 3> kNames<TraceEnd>{"loop", "hold", "once"};
template <>
inline constexpr std::array<std::string_view, 2> kNames<TraceRows>{"ending", "starting"};
template <>
inline constexpr std::array<std::string_view, 4> kNames<QueueDiscipline>{"drop-tail", "codel", "fq-codel",
                                                                         "pie"};
template <>
inline constexpr std::array<std::string_view, 3> kNames<SegmentKind>{"csma", "star", "wifi"};
template <>
inline constexpr std::array<std::string_view, 2> kNames<CrossTrafficKind>{"on-off", "tcp-bulk"};
template <>
inline constexpr std::array<std::string_view, 2> kNames<PeriodKind>{"constant", "exponential"};
template <>
inline constexpr std::array<std::string_view, 4> kNames<Normalisation> = kNormalisationNames;

template <class Enum>
constexpr std::string_view name_of(Enum value) {
  static_assert(!kNames<Enum>.empty(), "the names of this enum stand above");
  return kNames<Enum>[static_cast<std::size_t>(value)];
}

inline constexpr std::array<std::string_view, 5> kWifiStandardNames{"802.11a", "802.11g", "802.11n",
                                                                    "802.11ac", "802.11ax"};
inline constexpr std::array<std::string_view, 3> kRateControlNames{"minstrel", "ideal", "constant"};

// Partition policies. A test compares with runtime/planner/planner.cpp.
inline constexpr std::array<std::string_view, 5> kPartitionNames{"even", "fixed", "pipedream", "optimal",
                                                                 "joint"};
// Whether the policy chooses the devices and their order.
constexpr bool chooses_devices(std::string_view partition) {
  return partition == "optimal" || partition == "joint";
}
// Whether the policy needs the costs of devices and links.
constexpr bool plans_by_cost(std::string_view partition) {
  return partition == "pipedream" || chooses_devices(partition);
}

// Quantization policies; `fixed` first. A test compares with runtime/policy/registry.cpp.
inline constexpr std::array<std::string_view, 5> kQuantizationNames{"fixed", "heuristic", "max-fit",
                                                                    "controller", "deadline"};
// Whether the policy decides at the end of a window.
constexpr bool decides_in_windows(std::string_view quantization) {
  return quantization == "heuristic" || quantization == "max-fit" || quantization == "controller";
}

// Congestion controls of the ns-3 network.
inline constexpr std::array<std::string_view, 13> kTcpNames{
    "cubic", "bbr",      "newreno",  "reno",  "bic",  "htcp", "highspeed",
    "hybla", "illinois", "scalable", "vegas", "veno", "yeah"};

// Names as the choices of a key.
template <std::size_t n>
std::vector<std::string> words(const std::array<std::string_view, n>& names) {
  return {names.begin(), names.end()};
}

}  // namespace millrace
