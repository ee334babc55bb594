// The tables of keys, one per section of a scenario: its keys and the fields that they fill (rows.hpp). Each
// table is built on first use.
#pragma once

#include <string>
#include <vector>

#include "runtime/scenario/rows.hpp"
#include "runtime/scenario/scenario.hpp"

namespace millrace {

inline constexpr std::int64_t kHourNs = std::int64_t{3'600} * 1'000'000'000;
inline constexpr std::int64_t kLargestQueue = std::int64_t{1} << 40;  // bytes

const Table<ModelSection>& model_table();
const Table<WorkloadSection>& workload_table();
const Table<DeviceSection>& device_table();
// All keys of a link but its ends.
const Table<LinkSection>& link_table();
const Table<SegmentSection>& segment_table();
const Table<NetworkSection>& network_table();
// Without `events[].link`, which may mean several links (events_at).
const Table<EventSection>& event_table();
const Table<PolicySection::Partition>& partition_table();
const Table<PolicySection::Quantization>& quantization_table();
const Table<RunSection>& run_table();
// The whole scenario.
const Table<Scenario>& scenario_table();

// The link that the map at `at` describes, without its ends. `downwards`: a preset's down direction is meant.
LinkSection link_at(const Fields& in, const std::string& at, bool downwards);
// One item of `network.links`: a link, or with `between` one per direction.
std::vector<LinkSection> links_at(const Fields& in, const std::string& at);
// One item of `events`: an event per link of `links` that it means (link_text.hpp). An event whose `link`
// means no link is left without names, for the checks to report.
std::vector<EventSection> events_at(const Fields& in, const std::string& at,
                                    const std::vector<LinkSection>& links);

// Add keys that have no table of their own: those of `expect`, read by expect_row(), and those of `sweep`,
// read by sweep_fill.cpp.
void add_expect(Schema& schema);
void add_sweep(Schema& schema);

}  // namespace millrace
