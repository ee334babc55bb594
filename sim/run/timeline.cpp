#include "sim/run/timeline.hpp"

#include <fmt/format.h>

#include "sim/run/perfetto.pb.h"

namespace millrace {

namespace {

std::string packet_bytes(const perfetto::TracePacket& packet) {
  perfetto::Trace trace;
  *trace.add_packet() = packet;
  return trace.SerializeAsString();  // traces concatenate
}

perfetto::TracePacket event_at(Time at, std::uint64_t track, perfetto::TrackEvent::Type type) {
  perfetto::TracePacket packet;
  packet.set_timestamp(static_cast<std::uint64_t>(at.count_ns()));
  packet.set_trusted_packet_sequence_id(1);
  packet.mutable_track_event()->set_type(type);
  packet.mutable_track_event()->set_track_uuid(track);
  return packet;
}

}  // namespace

Result<std::unique_ptr<Timeline>> Timeline::create(const std::string& path, const Scenario& scenario,
                                                   const Plan& plan) {
  auto file = AppendFile::create(path);
  if (!file) return file.error();
  return std::unique_ptr<Timeline>(new Timeline(std::move(*file), scenario, plan));
}

Timeline::Timeline(AppendFile file, const Scenario& scenario, const Plan& plan)
    : file_(std::move(file)), scenario_(scenario), plan_(plan) {
  for (const auto& device : scenario.devices) devices_.push_back(add_track(device.name, 0));
  for (std::size_t i = 0; i < plan.stages.size(); ++i) {
    const auto parent = devices_.at(plan.stages[i].device.value);
    stages_.push_back(add_track(fmt::format("stage {}", i + 1), parent));
    bit_widths_.push_back(add_track(fmt::format("stage {} bit width", i + 1), parent, "bits/value"));
  }
}

Timeline::~Timeline() = default;

std::uint64_t Timeline::add_track(const std::string& name, std::uint64_t parent, const char* counter_unit) {
  perfetto::TracePacket packet;
  packet.set_trusted_packet_sequence_id(1);
  auto& track = *packet.mutable_track_descriptor();
  track.set_uuid(++tracks_);
  track.set_name(name);
  if (parent != 0) track.set_parent_uuid(parent);
  if (counter_unit != nullptr) track.mutable_counter()->set_unit_name(counter_unit);
  file_.append(packet_bytes(packet));
  return tracks_;
}

void Timeline::add(const Slice& slice) {
  if (slice.end <= slice.begin) return;
  auto begin = event_at(slice.begin, slice.track, perfetto::TrackEvent::TYPE_SLICE_BEGIN);
  begin.mutable_track_event()->set_name(slice.name);
  begin.mutable_track_event()->add_categories(slice.category);
  file_.append(packet_bytes(begin) +
               packet_bytes(event_at(slice.end, slice.track, perfetto::TrackEvent::TYPE_SLICE_END)));
}

void Timeline::add(NodeId stage, const StageRecord& record) {
  const std::size_t index = stage.value - 1;
  const auto track = stages_.at(index);
  const auto name = [&](const char* what) { return fmt::format("{} {}", what, record.microbatch.value); };
  const Time decoded = std::min(record.started + record.cost.decode, record.computed);
  add(Slice{track, record.started, decoded, name("decode"), "codec"});
  add(Slice{track, decoded, record.computed, name("compute"), "compute"});
  add(Slice{track, record.computed, record.encoded, name("encode"), "codec"});
  auto width = event_at(record.encoded, bit_widths_.at(index), perfetto::TrackEvent::TYPE_COUNTER);
  width.mutable_track_event()->set_double_counter_value(record.bit_width);
  file_.append(packet_bytes(width));
}

// Transfers are reported when they have arrived, so a lane that is free at `begin` is free until now.
std::uint64_t Timeline::lane_of(NodeId from, NodeId to, Time begin, Time end) {
  auto& lanes = lanes_[{from, to}];
  for (auto& lane : lanes) {
    if (lane.free > begin) continue;
    lane.free = end;
    return lane.track;
  }
  const auto& name = scenario_.devices.at(plan_.device_of(to).value).name;
  const auto track = add_track("to " + name, devices_.at(plan_.device_of(from).value));
  lanes.push_back({track, end});
  return track;
}

void Timeline::add(const TransferRecord& transfer) {
  if (!transfer.activation || !transfer.microbatch) return;
  const Time begin = transfer.submitted + transfer.queued;
  const Time end = begin + transfer.wire;
  if (end <= begin) return;
  add(Slice{lane_of(transfer.from, transfer.to, begin, end), begin, end,
            fmt::format("wire {}", transfer.microbatch->value), "wire"});
}

Result<void> Timeline::close() { return file_.close(); }

}  // namespace millrace
