#include <filesystem>
#include <memory>

#include "runtime/base/log.hpp"
#include "runtime/base/output_file.hpp"
#include "runtime/scenario/choices.hpp"
#include "sim/cli/trace_verbs.hpp"
#include "sim/cli/verb.hpp"
#include "sim/trace/trace_info.hpp"
#include "sim/trace/trace_reader.hpp"
#include "sim/trace/trace_writer.hpp"

namespace millrace {
namespace {

namespace fs = std::filesystem;

int failed(const Error& error) {
  log_error("{}", error.message);
  return static_cast<int>(error.code);
}

// The formats by name, also by the names of collections.
const std::map<std::string, TraceFormat>& formats() {
  static const std::map<std::string, TraceFormat> kFormats{
      {"automatic", TraceFormat::automatic},       {"csv", TraceFormat::csv},
      {"mahimahi", TraceFormat::mahimahi},         {"two-column", TraceFormat::two_column},
      {"pensieve", TraceFormat::two_column},       {"solis", TraceFormat::two_column},
      {"solis-tsv", TraceFormat::two_column},      {"table", TraceFormat::table},
      {"5gophers-walking", TraceFormat::table},    {"5gophers-driving", TraceFormat::table},
      {"5gophers-throughput", TraceFormat::table}, {"gnettrack", TraceFormat::gnettrack},
      {"ucc-gnettrack", TraceFormat::gnettrack},   {"sabre", TraceFormat::sabre},
      {"sabre-json", TraceFormat::sabre},          {"iperf3", TraceFormat::iperf3},
      {"iperf3-json", TraceFormat::iperf3}};
  return kFormats;
}

struct ReadArguments {
  std::string file, format = "automatic", rows, end = "loop";
  double offset_s = 0;
  std::optional<double> step_s;
  TraceReading reading;

  static Result<void> check_columns(const TraceReading& read);
  Result<TraceReading> result() const {
    auto read = reading;
    read.format = formats().at(format);
    const bool solis = format.starts_with("solis");
    read.row_interval =
        rows == "starting" || (rows.empty() && solis) ? TraceRows::starting : TraceRows::ending;
    read.at_end = end == "hold" ? TraceEnd::hold : (end == "once" ? TraceEnd::once : TraceEnd::loop);
    read.offset = Duration::from_seconds(offset_s);
    if (step_s) read.columns.step = Duration::from_seconds(*step_s);
    if (read.columns.step && *read.columns.step <= Duration{})
      return Error{"--step: a row must hold for at least 1 ns", ExitCode::usage};
    if (auto sound = check_columns(read); !sound) return sound.error();
    return read;
  }
};

// Refuses options that have no effect: they are a mistake of the user.
Result<void> ReadArguments::check_columns(const TraceReading& read) {
  const TableColumns& columns = read.columns;
  const auto usage = [](std::string message) { return Error{std::move(message), ExitCode::usage}; };
  const bool table = read.format == TraceFormat::automatic || read.format == TraceFormat::table;
  if (!table && !columns.rate.empty()) return usage("--rate-column is for tables; remove it, or --format");
  if (!columns.time.empty() && columns.step)
    return usage(
        "--time-column and --step: a row holds until the next one's time, or for a step; give one of them");
  if (columns.time.empty() && !columns.time_unit.empty())
    return usage("--time-unit has no effect without --time-column; name the column, or remove it");
  if (!columns.rate.empty()) return {};
  for (const auto& [given, option] : {std::pair(!columns.unit_column.empty(), "--unit-column"),
                                      {!columns.rate_unit.empty(), "--rate-unit"},
                                      {!columns.where.empty(), "--where"}}) {
    if (given) return usage(fmt::format("{} has no effect without --rate-column; name the column", option));
  }
  return {};
}

void add_reading_options(CLI::App& command, ReadArguments& arguments, bool transforms) {
  std::vector<std::string> names;
  for (const auto& [name, format] : formats()) names.push_back(name);
  command.add_option("FILE", arguments.file, "the trace; gzip is understood")->required();
  command.add_option("--format", arguments.format, "automatic looks into the file")
      ->check(CLI::IsMember(names))
      ->capture_default_str();
  command.add_option("--series", arguments.reading.series,
                     "of files with several: a column (DL_bitrate) or a run (SPRINT/TCPx1/US-East)");
  command
      .add_option("--rows", arguments.rows,
                  "two-column rows hold over the interval ending (default) or starting at their time")
      ->check(CLI::IsMember({"ending", "starting"}));
  auto& table = arguments.reading.columns;
  const char* group = "A CSV with other columns (by name, or by number from 1, where no header is needed)";
  command.add_option("--rate-column", table.rate, "the column with rates")->group(group);
  command
      .add_option("--rate-unit", table.rate_unit,
                  "bit/s, kbit/s, Mbit/s, Gbit/s, B/s, kB/s, MB/s, KiB/s, … (default: as the column's name "
                  "says, or Mbit/s)")
      ->group(group);
  command
      .add_option(
          "--unit-column", table.unit_column,
          "the column with each row's own rate unit, as tools print it: Mbits/sec, KBytes/sec, kbit/s, …")
      ->group(group);
  command.add_option("--time-column", table.time, "the column with times; none: --step")->group(group);
  command
      .add_option("--time-unit", table.time_unit, "s, ms, us, ns (default: as the column's name says, or s)")
      ->group(group);
  command.add_option("--step", arguments.step_s, "seconds that each row holds, without times (default: 1)")
      ->group(group)
      ->check(CLI::PositiveNumber);
  command.add_option("--where", table.where, "COLUMN VALUE: only rows with this value; repeatable")
      ->group(group);
  if (!transforms) return;
  command.add_option("--offset", arguments.offset_s, "seconds into the trace where it is to begin")
      ->check(CLI::Range(0.0, 1e9));
  command.add_option("--scale", arguments.reading.scale, "times every rate")->check(CLI::Range(1e-9, 1e6));
  command.add_option("--end", arguments.end, "loop, hold or once: what follows the trace's end")
      ->check(CLI::IsMember({"loop", "hold", "once"}));
}

int info(const ReadArguments& arguments, bool json) {
  const auto reading = arguments.result();
  if (!reading) return failed(reading.error());
  const auto found = trace_info(arguments.file, *reading);
  if (!found) return failed(found.error());
  return print_all(json ? to_json(*found) : to_table(*found)) ? 0 : static_cast<int>(ExitCode::run_failed);
}

enum class Form { csv, mahimahi, two_column };

Result<std::string> text_of(const LinkRate& rate, Form form, const std::string& source) {
  switch (form) {
    case Form::mahimahi:
      return mahimahi_text(rate, zero_opportunities(source));
    case Form::two_column:
      return two_column_text(rate);
    case Form::csv:
      break;
  }
  return csv_text(rate, "");
}

Result<Form> form_of(const std::string& path, const std::string& named) {
  if (named == "csv") return Form::csv;
  if (named == "mahimahi") return Form::mahimahi;
  if (named == "two-column") return Form::two_column;
  if (is_standard_output(path)) return Form::csv;
  const auto extension = fs::path(path).extension().string();
  if (extension == ".csv") return Form::csv;
  if (extension == ".up" || extension == ".down" || extension == ".mahimahi" || extension == ".mm")
    return Form::mahimahi;
  if (extension == ".tsv" || extension == ".txt" || extension == ".log") return Form::two_column;
  return Error{fmt::format("{}: the ending does not say which form is wanted (.csv; .up, .down, .mahimahi; "
                           ".tsv, .txt, .log for two columns): give --to",
                           path),
               ExitCode::usage};
}

struct ConvertArguments {
  ReadArguments in;
  std::string out, to;
};

int convert(const ConvertArguments& arguments) {
  const auto reading = arguments.in.result();
  if (!reading) return failed(reading.error());
  const auto form = form_of(arguments.out, arguments.to);
  if (!form) return failed(form.error());
  const auto content = read_trace_file(arguments.in.file);
  if (!content) return failed(content.error());
  const auto rate = parse_trace(*content, arguments.in.file, *reading);
  if (!rate) return failed(rate.error());
  const bool as_it_is = reading->offset == Duration{} && reading->scale == 1;
  const auto text = text_of(*rate, *form, as_it_is ? *content : std::string());
  if (!text) return failed(text.error());
  if (auto written = write_output(arguments.out, *text); !written) return failed(written.error());
  return 0;
}

struct LintArguments {
  ReadArguments in;
  TraceLimits limits;
  std::string repair;
  bool json = false;
};

int lint(const LintArguments& arguments) {
  const auto reading = arguments.in.result();
  if (!reading) return failed(reading.error());
  const auto content = read_trace_file(arguments.in.file);
  if (!content) return failed(content.error());
  TraceLint found{.limits = arguments.limits, .findings = {}};
  const auto rate = lint_trace(*content, arguments.in.file, *reading, found);
  std::string report;
  for (const auto& finding : found.findings)
    report += fmt::format("{}: {}{}\n", finding.where, finding.fault,
                          arguments.repair.empty() ? "" : " -> " + finding.repair);
  if (!rate) report += fmt::format("{}\n", rate.error().message);
  if (found.findings.empty() && rate) report = fmt::format("{}: no finding\n", arguments.in.file);
  if (is_standard_output(arguments.repair))
    std::fputs(report.c_str(), stderr);
  else if (!print_all(report))
    return static_cast<int>(ExitCode::run_failed);
  if (arguments.repair.empty() || !rate)
    return found.findings.empty() && rate ? 0 : static_cast<int>(ExitCode::invalid_input);
  const auto form = form_of(arguments.repair, "");
  if (!form) return failed(form.error());
  const auto text = text_of(*rate, *form, *content);
  if (!text) return failed(text.error());
  if (auto written = write_output(arguments.repair, *text); !written) return failed(written.error());
  log_note("{}: written, {} change{}", arguments.repair, found.findings.size(),
           found.findings.size() == 1 ? "" : "s");
  return 0;
}

Verb info_verb(CLI::App& trace) {
  auto arguments = std::make_shared<std::pair<ReadArguments, bool>>();
  auto& command = *trace.add_subcommand(
      "info", "duration, mean, minimum, maximum and percentiles over 1 s, outages, SHA-256");
  add_reading_options(command, arguments->first, true);
  command.add_flag("--json", arguments->second, "one JSON object on stdout");
  return {&command, [arguments] { return info(arguments->first, arguments->second); }};
}

Verb lint_verb(CLI::App& trace) {
  auto arguments = std::make_shared<LintArguments>();
  auto& command = *trace.add_subcommand(
      "lint", "list negative and absurd rates, gaps, times that decrease, …; exit code 3 if there are any");
  add_reading_options(command, arguments->in, false);
  command.add_option("--max-rate", arguments->limits.max_mbit_per_s, "Mbit/s; more is absurd")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command.add_option("--gap", arguments->limits.gap_steps, "a gap is longer than this many usual intervals")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 1e9));
  command
      .add_option("--repair", arguments->repair, "write the trace without its faults, and say what changed")
      ->type_name("OUT");
  return {&command, [arguments] { return lint(*arguments); }};
}

Verb convert_verb(CLI::App& trace) {
  auto arguments = std::make_shared<ConvertArguments>();
  auto& command = *trace.add_subcommand("convert", "write a trace as CSV, for Mahimahi, or in two columns");
  add_reading_options(command, arguments->in, true);
  command.add_option("OUT", arguments->out, "its ending says the form; - is stdout, CSV")->required();
  command.add_option("--to", arguments->to, "csv, mahimahi or two-column, whatever the ending")
      ->check(CLI::IsMember({"csv", "mahimahi", "two-column"}));
  return {&command, [arguments] { return convert(*arguments); }};
}

}  // namespace

Verb add_trace_verb(CLI::App& program, const std::vector<std::string>&) {
  auto& command = *program.add_subcommand("trace", "look at, check, convert, draw and generate traces");
  command.require_subcommand(1);
  command.footer(
      "Examples:\n"
      "  millrace trace info traces/lte-drive.csv --json\n"
      "  millrace trace lint recording.csv --repair repaired.csv\n"
      "  millrace trace convert Verizon-LTE.down verizon.csv\n"
      "  millrace trace info log.csv --rate-column kbps --rate-unit kbit/s --time-column ms --time-unit ms\n"
      "  millrace trace synth lte --seed 7 --duration 300 lte-7.csv\n"
      "Formats: traces/README.md");
  auto verbs = std::make_shared<std::vector<Verb>>();
  for (auto* add : {info_verb, lint_verb, convert_verb, trace_plot_verb, trace_synth_verb})
    verbs->push_back(add(command));
  return {&command, [verbs] {
            for (const auto& verb : *verbs) {
              if (verb.command->parsed()) return verb.run();
            }
            return static_cast<int>(ExitCode::usage);
          }};
}

}  // namespace millrace
