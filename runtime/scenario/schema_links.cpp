// The keys of a link.
#include "runtime/base/limits.hpp"
#include "runtime/scenario/link_presets.hpp"
#include "runtime/scenario/tables.hpp"

namespace millrace {
namespace {

// Read before the other keys, by link_at(): a preset's values are defaults.
Row<LinkSection> preset_row() {
  return {.key = {.path = "preset",
                  .kind = ValueKind::choice,
                  .doc =
                      "Rate, delay, loss and overhead of a kind of link by name (below); keys given beside "
                      "it override its values. If its directions differ, NAME is up from `from` or from the "
                      "first of `between`.",
                  .choices = preset_names()}};
}

void add_trace(Table<LinkSection>& table) {
  table.key(
      &LinkSection::trace,
      {.path = "trace", .kind = ValueKind::path, .doc = "Recorded bit rate over time, instead of `rate`."});
  table.key(&LinkSection::trace_format,
            {.path = "trace_format", .doc = "How the trace file is read; `automatic` looks into it."});
  table.key(&LinkSection::trace_end,
            {.path = "trace_end",
             .doc = "After the trace's end: from its start again, its last rate for ever, or no more "
                    "traffic."});
  table.key(&LinkSection::trace_rows,
            {.path = "trace_rows",
             .doc = "Two-column traces: whether a row holds over the interval that ends at its time "
                    "(Pensieve) or that starts there (Solis Wi-Fi)."});
  table.key(&LinkSection::trace_series,
            {.path = "trace_series",
             .kind = ValueKind::text,
             .doc = "The series of a file with several: a column (`DL_bitrate`), or a run of a known "
                    "layout (`SPRINT/TCPx1/US-East`)."});
  table.key(&LinkSection::trace_offset, {.path = "trace_offset",
                                         .doc = "Where in the trace the run begins; before its end.",
                                         .most = 1'000 * kHourNs});
  table.key(
      &LinkSection::trace_scale,
      {.path = "trace_scale", .doc = "Factor of every rate of the trace.", .high = 1e6, .low_open = true});
}

const Table<GilbertElliott>& loss_model_table() {
  static const Table<GilbertElliott> table = [] {
    Table<GilbertElliott> made;
    made.key(&GilbertElliott::p,
             {.path = "p", .doc = "Probability of going from good to bad.", .required = true, .high = 1});
    made.key(&GilbertElliott::r,
             {.path = "r",
              .doc = "Probability of going from bad to good; 1/r packets is the mean stay in bad.",
              .required = true,
              .high = 1});
    made.key(
        &GilbertElliott::good_loss,
        {.path = "good_loss", .doc = "Probability of loss in good (1 - k).", .high = 1, .high_open = true});
    made.key(&GilbertElliott::bad_loss,
             {.path = "bad_loss", .doc = "Probability of loss in bad (1 - h).", .high = 1});
    return made;
  }();
  return table;
}

void add_delay(Table<LinkSection>& table) {
  table.key(&LinkSection::delay, {.path = "delay", .doc = "Propagation delay.", .most = kHourNs},
            [](const LinkSection& link) { return link.delay_trace.empty(); });
  table.key(&LinkSection::delay_trace,
            {.path = "delay_trace",
             .kind = ValueKind::path,
             .doc = "Propagation delay over time, instead of `delay`: a CSV of `time_s,delay_ms`, or one "
                    "number of ms per line, 10 ms each (LeoReplayer). Ends as `trace_end` says."});
  table.alternative({{"delay"}, {"delay_trace"}}, false);
}

void add_loss(Table<LinkSection>& table) {
  table.key(&LinkSection::loss,
            {.path = "loss",
             .doc = "Probability that a packet is lost, independent of the others.",
             .high = 1,
             .high_open = true},
            [](const LinkSection& link) { return link.loss_trace.empty() && !link.loss_model; });
  table.key(&LinkSection::loss_trace,
            {.path = "loss_trace",
             .kind = ValueKind::path,
             .doc = "That probability over time, instead of `loss`: a CSV of `time_s,loss`, from 0 to 1."});
  table.flow_map(
      &LinkSection::loss_model,
      {.path = "loss_model",
       .doc = "Loss in bursts, instead of `loss`: Gilbert-Elliott, two states, stepped per packet."},
      loss_model_table());
  table.alternative({{"loss"}, {"loss_trace"}, {"loss_model"}}, false);
}

void apply_preset(const Fields& in, const std::string& at, bool downwards, LinkSection& link) {
  const auto preset = preset_by_name(in.text(at + ".preset").value_or(""), downwards);
  if (!preset) return;
  const auto has = [&](const char* key) { return in.node(at + key) != nullptr; };
  if (!has(".rate") && !has(".trace")) link.rate = preset->rate;
  if (!has(".delay_trace")) link.delay = preset->delay;
  if (!has(".loss_trace") && !has(".loss_model")) link.loss = preset->loss;
  link.overhead = preset->overhead;
}

}  // namespace

const Table<LinkSection>& link_table() {
  static const Table<LinkSection> table = [] {
    Table<LinkSection> made;
    made.row(preset_row());
    made.key(&LinkSection::rate,
             {.path = "rate", .doc = "Constant bit rate.", .least = 1, .most = kMaxBitPerS});
    made.alternative({{"rate"}, {"trace"}}, true, "preset");
    add_trace(made);
    add_delay(made);
    made.key(&LinkSection::queue, {.path = "queue",
                                   .doc = "How much may wait at the sending end; at least one `mtu`.",
                                   .least = 1,
                                   .most = kLargestQueue});
    made.key(&LinkSection::queue_discipline,
             {.path = "queue_discipline",
              .doc = "ns-3 with tcp: what drops packets: a full queue (the last packet), or CoDel, FQ-CoDel "
                     "or PIE with `queue` as their limit."});
    add_loss(made);
    made.key(&LinkSection::overhead,
             {.path = "overhead",
              .doc = "Bytes of layer 2 that every packet costs on this link beside its IP size: 38 B with "
                     "Ethernet.",
              .most = 65'535});
    return made;
  }();
  return table;
}

LinkSection link_at(const Fields& in, const std::string& at, bool downwards) {
  LinkSection link;
  apply_preset(in, at, downwards, link);
  link_table().fill(in, at, link);
  return link;
}

}  // namespace millrace
