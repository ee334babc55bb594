#include "sim/run/run_directory.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>

#include "runtime/base/interrupt.hpp"
#include "runtime/base/log.hpp"
#include "runtime/base/output_file.hpp"
#include "runtime/scenario/choices.hpp"
#include "runtime/wire/messages.hpp"
#include "sim/run/decision_log.hpp"
#include "sim/run/json.hpp"
#include "sim/run/link_tables.hpp"
#include "sim/run/timeline.hpp"

namespace millrace {

struct RunDirectory::Files {
  CsvFile microbatches, stages, transfers, decisions, outputs;
  std::unique_ptr<Timeline> timeline;
};

namespace {

namespace fs = std::filesystem;

std::string or_empty(const std::optional<std::uint32_t>& number) {
  return number ? std::to_string(*number) : std::string();
}

// Removes the files of an earlier run, by their endings, so that none is mistaken for this run's. Other
// files, and folders except `agents`, are not touched.
Result<void> remove_earlier_run(const std::string& path) {
  constexpr std::array<std::string_view, 8> kEndings{".csv", ".json", ".yaml",           ".pcap",
                                                     ".log", ".png",  ".perfetto-trace", ".partial"};
  std::error_code error;
  std::vector<fs::path> stale;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    const auto ending = entry.path().extension().string();
    const bool ours = std::ranges::find(kEndings, ending) != kEndings.end() ||
                      entry.path().filename() == "report.html";  // of `millrace report`
    if (!entry.is_directory(error) && ours) stale.push_back(entry.path());
  }
  fs::remove_all(fs::path(path) / "agents", error);
  for (const auto& file : stale) {
    if (fs::remove(file, error); error)
      return Error{fmt::format("{}: of the run before, {} cannot be removed: {}", path,
                               file.filename().string(), error.message())};
  }
  return {};
}

Result<void> make_folder(const std::string& path, bool overwrite) {
  std::error_code error;
  if (fs::exists(path, error) && !fs::is_empty(path, error) &&
      !fs::exists(fs::path(path) / "manifest.json", error)) {
    return Error{path + ": is not empty and holds no earlier run; choose another folder with --out",
                 ExitCode::usage};
  }
  const bool earlier = fs::exists(fs::path(path) / "manifest.json", error);
  if (earlier && !overwrite)
    log_warning(
        "{}: the run that it held is replaced, and its files are removed; another --out keeps both, and "
        "--overwrite replaces without this word",
        path);
  fs::create_directories(path, error);
  if (error) return Error{path + ": cannot be made: " + error.message()};
  return earlier ? remove_earlier_run(path) : Result<void>();
}

std::string clock_text(const char* format, bool utc) {
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  utc ? gmtime_r(&now, &parts) : localtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, format, &parts);
  return text;
}

std::string utc_now() { return clock_text("%Y-%m-%dT%H:%M:%SZ", true); }

double seconds(std::chrono::steady_clock::duration span) {
  return std::chrono::duration<double>(span).count();
}

std::string number_or_nothing(const std::optional<MicrobatchId>& microbatch) {
  return microbatch ? std::to_string(microbatch->value) : std::string();
}

}  // namespace

std::string default_run_directory(const Scenario& scenario) {
  const auto stem = fmt::format("runs/{}-{}-{}", scenario.name, name_of(scenario.run.mode),
                                clock_text("%Y%m%d-%H%M%S", false));
  std::string path = stem;
  for (int i = 2; fs::exists(path); ++i) path = fmt::format("{}-{}", stem, i);
  return path;
}

Result<std::unique_ptr<RunDirectory>> RunDirectory::create(const std::string& path, const Scenario& scenario,
                                                           const Plan& plan, const RunFacts& facts) {
  if (auto made = make_folder(path, facts.overwrite); !made) return made.error();
  const auto at = [&](const char* name) { return (fs::path(path) / name).string(); };
  // The first file: it says that the folder is a run's, which the next run may replace.
  utsname host{};
  uname(&host);
  const auto manifest = manifest_json(
      scenario, facts, {host.nodename, std::string(host.sysname) + " " + host.release, utc_now()});
  if (auto done = write_output_lazily(at("manifest.json"), manifest); !done) return done.error();
  auto microbatches =
      CsvFile::create(at("microbatches.csv"), "microbatch,images,created_ns,completed_ns,latency_ms");
  auto stages =
      CsvFile::create(at("stages.csv"),
                      "stage,device,microbatch,images,arrived_ns,started_ns,computed_ns,encoded_ns,sent_ns,"
                      "decode_ns,compute_ns,encode_ns,bit_width,values,bytes");
  auto transfers =
      CsvFile::create(at("transfers.csv"),
                      "transfer,from,to,kind,microbatch,bytes,submitted_ns,delivered_ns,queued_ns,wire_ns,"
                      "propagation_ns");
  auto decisions = CsvFile::create(at("decisions.csv"), std::string(kDecisionColumns));
  auto outputs = CsvFile::create(at("outputs.csv"), "microbatch,image,predicted,logits_sha256,label_rank");
  for (const auto* file : {&microbatches, &stages, &transfers, &decisions, &outputs}) {
    if (!*file) return file->error();
  }
  if (auto done = write_output_lazily(at("scenario.resolved.yaml"), facts.scenario_text); !done)
    return done.error();
  if (auto done = write_output_lazily(at("plan.yaml"), plan_yaml(scenario, plan)); !done) return done.error();
  auto timeline = Timeline::create(at("timeline.perfetto-trace"), scenario, plan);
  if (!timeline) return timeline.error();
  auto files =
      std::unique_ptr<Files>(new Files{std::move(*microbatches), std::move(*stages), std::move(*transfers),
                                       std::move(*decisions), std::move(*outputs), std::move(*timeline)});
  return std::unique_ptr<RunDirectory>(new RunDirectory(path, scenario, plan, facts, std::move(files)));
}

RunDirectory::RunDirectory(std::string path, const Scenario& scenario, const Plan& plan, RunFacts facts,
                           std::unique_ptr<Files> files)
    : path_(std::move(path)),
      scenario_(scenario),
      plan_(plan),
      facts_(std::move(facts)),
      files_(std::move(files)),
      summary_(plan.stages.size(), scenario.policy.quantization.target_images_per_s),
      began_(std::chrono::steady_clock::now()),
      ready_(began_) {}

RunDirectory::~RunDirectory() = default;

// A file that cannot be written ends the run: further results would be lost anyway. close() names the file.
bool RunDirectory::interrupted() { return interrupt_requested() || !files_->stages.sound(); }

const std::string& RunDirectory::device_name(NodeId node) const {
  return scenario_.devices.at(plan_.device_of(node).value).name;
}

void RunDirectory::on_record(Time now, NodeId node, const Record& record) {
  latest_ = std::max(latest_, now);
  if (const auto* stage = std::get_if<StageRecord>(&record); stage && plan_.is_stage(node)) {
    write(node, *stage);
  } else if (const auto* completion = std::get_if<CompletionRecord>(&record)) {
    write(*completion);
  } else if (const auto* decision = std::get_if<DecisionRecord>(&record)) {
    write(now, node, *decision);
  } else if (const auto* sample = std::get_if<LinkSample>(&record)) {
    write(node, *sample);
  }
}

void RunDirectory::write(NodeId node, const StageRecord& record) {
  summary_.add(node, record);
  files_->timeline->add(node, record);
  files_->stages.row("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}", node.value, device_name(node),
                     record.microbatch.value, record.images, record.arrived.count_ns(),
                     record.started.count_ns(), record.computed.count_ns(), record.encoded.count_ns(),
                     record.sent.count_ns(), record.cost.decode.count_ns(), record.cost.compute.count_ns(),
                     record.cost.encode.count_ns(), record.bit_width, record.values, record.payload.count());
}

void RunDirectory::write(const CompletionRecord& record) {
  summary_.add(record);
  files_->microbatches.row("{},{},{},{},{:.6f}", record.microbatch.value, record.images,
                           record.created.count_ns(), record.completed.count_ns(),
                           (record.completed - record.created).milliseconds());
  for (const auto& output : record.outputs) {
    files_->outputs.row("{},{},{},{},{}", record.microbatch.value, output.image, or_empty(output.predicted),
                        output.logits_sha256, or_empty(output.label_rank));
  }
}

void RunDirectory::write(Time now, NodeId node, const DecisionRecord& record) {
  files_->decisions.row("{}", decision_row({now, node, device_name(node), device_name(record.to), record}));
}

// A simulated network knows each transfer exactly. On a real network only the sender knows the time, on its
// own clock, from sending until the acknowledgement was back.
void RunDirectory::write(NodeId node, const LinkSample& sample) {
  if (facts_.mode != Mode::deploy || plan_.device_of(node) == plan_.device_of(sample.to)) return;
  const auto taken = sample.acknowledged - sample.sent;
  on_transfer({.id = TransferId{transfers_++},
               .from = node,
               .to = sample.to,
               .activation = true,
               .microbatch = sample.microbatch,
               .size = message_size(Activation{}) + sample.size,
               .values = sample.values,
               .submitted = sample.sent,
               .delivered = sample.acknowledged,
               .queued = {},
               .wire = taken,
               .propagation = {}});
}

void RunDirectory::on_transfer(const TransferRecord& transfer) {
  summary_.add(plan_.device_of(transfer.from), plan_.device_of(transfer.to), transfer);
  files_->timeline->add(transfer);
  files_->transfers.row("{},{},{},{},{},{},{},{},{},{},{}", transfer.id.value, device_name(transfer.from),
                        device_name(transfer.to), transfer.activation ? "activation" : "feedback",
                        number_or_nothing(transfer.microbatch), transfer.size.count(),
                        transfer.submitted.count_ns(), transfer.delivered.count_ns(),
                        transfer.queued.count_ns(), transfer.wire.count_ns(),
                        transfer.propagation.count_ns());
}

std::string RunDirectory::summary_json() const {
  return millrace::summary_json(facts_.conditions, {scenario_, plan_, summary_, failure_});
}

std::string RunDirectory::summary_table() const {
  return millrace::summary_table(facts_.conditions, {scenario_, plan_, summary_, failure_});
}

Result<void> RunDirectory::close(Time end, const std::optional<Error>& failure, const NetworkSpec* links,
                                 LinkMeter* meter) {
  failure_ = failure;
  summary_.close(end);
  for (auto* file :
       {&files_->microbatches, &files_->stages, &files_->transfers, &files_->decisions, &files_->outputs}) {
    if (auto sound = file->close(); !sound) return sound;
  }
  if (auto sound = files_->timeline->close(); !sound) return sound;
  if (links != nullptr) {
    if (auto done = write_bandwidth(path_, *links, end); !done) return done;
  }
  if (links != nullptr && meter != nullptr) {
    if (auto done = write_links(path_, *links, *meter, end); !done) return done;
  }
  const WallFacts wall{.finished_utc = utc_now(),
                       .setup_s = seconds(ready_ - began_),
                       .run_s = seconds(std::chrono::steady_clock::now() - ready_),
                       .links = links_late_};
  const auto at = [&](const char* name) { return (fs::path(path_) / name).string(); };
  if (auto done = write_output_lazily(at("wall.json"), wall_json(wall, summary_)); !done) return done;
  return write_output_lazily(at("summary.json"), summary_json());
}

}  // namespace millrace
