// How the choices of a scenario are written, in the order of their enums: for the table of keys, the reader
// and the writer alike.
#pragma once

#include <array>
#include <string_view>

#include "runtime/scenario/scenario.hpp"

namespace millrace {

inline constexpr std::array<std::string_view, 4> kModeNames{"simulate", "cosim", "emulate", "deploy"};
inline constexpr std::array<std::string_view, 2> kNetworkNames{"fluid", "ns3"};
inline constexpr std::array<std::string_view, 2> kTransportNames{"raw", "tcp"};
inline constexpr std::array<std::string_view, 2> kComputeNames{"profile", "measured"};
inline constexpr std::array<std::string_view, 2> kLinksNames{"given", "netns"};
inline constexpr std::array<std::string_view, 3> kArrivalNames{"closed-loop", "rate", "poisson"};
inline constexpr std::array<std::string_view, 8> kTraceFormatNames{
    "automatic", "csv", "mahimahi", "two-column", "table", "gnettrack", "sabre", "iperf3"};
inline constexpr std::array<std::string_view, 3> kTraceEndNames{"loop", "hold", "once"};
inline constexpr std::array<std::string_view, 2> kTraceRowsNames{"ending", "starting"};
inline constexpr std::array<std::string_view, 4> kQueueDisciplineNames{"drop-tail", "codel", "fq-codel",
                                                                       "pie"};
inline constexpr std::array<std::string_view, 3> kSegmentNames{"csma", "star", "wifi"};
inline constexpr std::array<std::string_view, 2> kCrossTrafficNames{"on-off", "tcp-bulk"};
inline constexpr std::array<std::string_view, 2> kPeriodNames{"constant", "exponential"};
inline constexpr std::array<std::string_view, 5> kWifiStandardNames{"802.11a", "802.11g", "802.11n",
                                                                    "802.11ac", "802.11ax"};
inline constexpr std::array<std::string_view, 3> kRateControlNames{"minstrel", "ideal", "constant"};

// Partition policies. A test compares with runtime/planner/planner.cpp.
inline constexpr std::array<std::string_view, 5> kPartitionNames{"even", "fixed", "pipedream", "optimal",
                                                                 "joint"};
// Those that choose devices and their order themselves.
constexpr bool chooses_devices(std::string_view partition) {
  return partition == "optimal" || partition == "joint";
}
// Those that need to know what devices and links cost.
constexpr bool plans_by_cost(std::string_view partition) {
  return partition == "pipedream" || chooses_devices(partition);
}

// Quantization policies; `fixed` first. A test compares with runtime/policy/registry.cpp.
inline constexpr std::array<std::string_view, 5> kQuantizationNames{"fixed", "heuristic", "max-fit",
                                                                    "controller", "deadline"};
// Those that decide at the end of a window.
constexpr bool decides_in_windows(std::string_view quantization) {
  return quantization == "heuristic" || quantization == "max-fit" || quantization == "controller";
}

// Congestion controls; those of the ns-3 network.
inline constexpr std::array<std::string_view, 13> kTcpNames{
    "cubic", "bbr",      "newreno",  "reno",  "bic",  "htcp", "highspeed",
    "hybla", "illinois", "scalable", "vegas", "veno", "yeah"};

constexpr std::string_view name_of(Mode mode) { return kModeNames[static_cast<std::size_t>(mode)]; }
constexpr std::string_view name_of(NetworkKind kind) { return kNetworkNames[static_cast<std::size_t>(kind)]; }
constexpr std::string_view name_of(TransportKind kind) {
  return kTransportNames[static_cast<std::size_t>(kind)];
}
constexpr std::string_view name_of(ComputeKind kind) { return kComputeNames[static_cast<std::size_t>(kind)]; }
constexpr std::string_view name_of(LinksKind kind) { return kLinksNames[static_cast<std::size_t>(kind)]; }
constexpr std::string_view name_of(ArrivalKind kind) { return kArrivalNames[static_cast<std::size_t>(kind)]; }
constexpr std::string_view name_of(TraceFormat format) {
  return kTraceFormatNames[static_cast<std::size_t>(format)];
}
constexpr std::string_view name_of(TraceRows rows) { return kTraceRowsNames[static_cast<std::size_t>(rows)]; }
constexpr std::string_view name_of(QueueDiscipline discipline) {
  return kQueueDisciplineNames[static_cast<std::size_t>(discipline)];
}
constexpr std::string_view name_of(SegmentKind kind) { return kSegmentNames[static_cast<std::size_t>(kind)]; }
constexpr std::string_view name_of(CrossTrafficKind kind) {
  return kCrossTrafficNames[static_cast<std::size_t>(kind)];
}
constexpr std::string_view name_of(PeriodKind kind) { return kPeriodNames[static_cast<std::size_t>(kind)]; }
constexpr std::string_view name_of(TraceEnd end) { return kTraceEndNames[static_cast<std::size_t>(end)]; }

}  // namespace millrace
