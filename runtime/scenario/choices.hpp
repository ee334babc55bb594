// What a scenario chooses from: each enum with the names of its values, and the names of policies and of
// congestion controls.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/model/model_config.hpp"

namespace millrace {

// The names of an enum's values, in the order of the values.
template <class Enum>
inline constexpr std::array<std::string_view, 0> kNames{};

template <class Enum>
constexpr std::string_view name_of(Enum value) {
  static_assert(!kNames<Enum>.empty(), "the names of an enum stand beside it");
  return kNames<Enum>[static_cast<std::size_t>(value)];
}

enum class Mode : std::uint8_t { simulate, cosim, emulate, deploy };
template <>
inline constexpr std::array<std::string_view, 4> kNames<Mode>{"simulate", "cosim", "emulate", "deploy"};

enum class NetworkKind : std::uint8_t { fluid, ns3 };
template <>
inline constexpr std::array<std::string_view, 2> kNames<NetworkKind>{"fluid", "ns3"};

enum class Transport : std::uint8_t { raw, tcp };
template <>
inline constexpr std::array<std::string_view, 2> kNames<Transport>{"raw", "tcp"};

enum class ComputeKind : std::uint8_t { profile, measured };
template <>
inline constexpr std::array<std::string_view, 2> kNames<ComputeKind>{"profile", "measured"};

// The links of mode deploy: the machines' own, or namespaces and shaped pairs made on this machine.
enum class LinksKind : std::uint8_t { given, netns };
template <>
inline constexpr std::array<std::string_view, 2> kNames<LinksKind>{"given", "netns"};

enum class ArrivalKind : std::uint8_t { closed_loop, rate, poisson };
template <>
inline constexpr std::array<std::string_view, 3> kNames<ArrivalKind>{"closed-loop", "rate", "poisson"};

enum class TraceFormat : std::uint8_t {
  automatic,
  csv,
  mahimahi,
  two_column,
  table,
  gnettrack,
  sabre,
  iperf3
};
template <>
inline constexpr std::array<std::string_view, 8> kNames<TraceFormat>{
    "automatic", "csv", "mahimahi", "two-column", "table", "gnettrack", "sabre", "iperf3"};

enum class TraceEnd : std::uint8_t { loop, hold, once };
template <>
inline constexpr std::array<std::string_view, 3> kNames<TraceEnd>{"loop", "hold", "once"};

// The interval over which a row of a two-column trace holds: it ends, or starts, at the row's time.
enum class TraceRows : std::uint8_t { ending, starting };
template <>
inline constexpr std::array<std::string_view, 2> kNames<TraceRows>{"ending", "starting"};

enum class QueueDiscipline : std::uint8_t { drop_tail, codel, fq_codel, pie };
template <>
inline constexpr std::array<std::string_view, 4> kNames<QueueDiscipline>{"drop-tail", "codel", "fq-codel",
                                                                         "pie"};

enum class SegmentKind : std::uint8_t { csma, star, wifi };
template <>
inline constexpr std::array<std::string_view, 3> kNames<SegmentKind>{"csma", "star", "wifi"};

enum class CrossTrafficKind : std::uint8_t { on_off, tcp_bulk };
template <>
inline constexpr std::array<std::string_view, 2> kNames<CrossTrafficKind>{"on-off", "tcp-bulk"};

enum class PeriodKind : std::uint8_t { constant, exponential };
template <>
inline constexpr std::array<std::string_view, 2> kNames<PeriodKind>{"constant", "exponential"};

template <>
inline constexpr std::array<std::string_view, 4> kNames<Normalisation> = kNormalisationNames;

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
