#include "sim/trace/trace_reader.hpp"

#include <fmt/core.h>
#include <zlib.h>

#include <cstdio>
#include <memory>

#include "runtime/scenario/choices.hpp"
#include "sim/trace/format_readers.hpp"
#include "sim/trace/trace_text.hpp"
#include "sim/trace/trace_transform.hpp"

namespace millrace {
namespace {

Error file_error(const std::string& name, std::string_view message) {
  return {fmt::format("{}: {}", name, message), ExitCode::invalid_input};
}

bool has_column(std::string_view header, std::string_view name) {
  return header.find(name) != std::string_view::npos;
}

std::optional<TraceFormat> format_of_line(std::string_view first) {
  const bool letter = (first[0] >= 'a' && first[0] <= 'z') || (first[0] >= 'A' && first[0] <= 'Z') ||
                      first[0] == '"' || first[0] == '_';
  if (letter && first.find(',') != std::string_view::npos) {
    if (first.starts_with("time_") && has_column(first, ",rate_")) return TraceFormat::csv;
    if (has_column(first, "Timestamp,") && has_column(first, ",DL_bitrate")) return TraceFormat::gnettrack;
    return has_column(first, "throughput_mbps") ? TraceFormat::table : TraceFormat::csv;
  }
  if (first[0] == '[') return TraceFormat::sabre;
  if (first[0] == '{') return TraceFormat::iperf3;
  if (first.find_first_not_of("0123456789") == std::string_view::npos) return TraceFormat::mahimahi;
  const std::size_t gap = first.find_first_of(" \t");
  if (gap != std::string_view::npos && decimal(first.substr(0, gap)) && decimal(trimmed(first.substr(gap))))
    return TraceFormat::two_column;
  return std::nullopt;
}

Result<LinkRate> parse(const TraceSource& source) {
  if (source.text.size() > kMaxTraceFileBytes)
    return source.error(
        fmt::format("a trace may have {} bytes, got {}", kMaxTraceFileBytes, source.text.size()));
  TraceFormat format = source.reading.format;
  if (format == TraceFormat::automatic && !source.reading.columns.rate.empty()) format = TraceFormat::table;
  if (format == TraceFormat::automatic) {
    const auto detected = detect_trace_format(source.text, source.name);
    if (!detected) return detected.error();
    format = *detected;
  }
  const TableColumns& told = source.reading.columns;
  if (format != TraceFormat::table && (!told.rate.empty() || !told.time.empty() || told.step))
    return source.error(
        fmt::format("columns are told of a table, and this is {}; remove --rate-column, --time-column and "
                    "--step, or say which column has the rates",
                    name_of(format)));
  switch (format) {
    case TraceFormat::csv:
      return parse_csv(source);
    case TraceFormat::mahimahi:
      return parse_mahimahi(source);
    case TraceFormat::two_column:
      return parse_two_column(source);
    case TraceFormat::table:
    case TraceFormat::gnettrack:
      return parse_table(source);
    case TraceFormat::sabre:
      return parse_sabre(source);
    case TraceFormat::iperf3:
      return parse_iperf3(source);
    case TraceFormat::automatic:
      break;
  }
  MR_CHECK(false, "the format was detected above");
  return source.error("");
}

Result<LinkRate> parse_and_shift(const TraceSource& source) {
  auto rate = parse(source);
  if (!rate) return rate;
  auto shifted = transformed(*rate, {.offset = source.reading.offset, .scale = source.reading.scale});
  if (!shifted) return source.error(shifted.error().message);
  return shifted;
}

}  // namespace

Result<TraceFormat> detect_trace_format(std::string_view content, const std::string& name) {
  TraceText text(content, name);
  while (const auto line = text.next()) {
    if (line->starts_with('#')) continue;
    const std::string_view first = trimmed(*line);
    if (first.empty()) break;
    if (const auto format = format_of_line(first)) return *format;
    break;
  }
  if (text.overflow()) return *text.overflow();
  if (text.line() == 0) return file_error(name, "the trace is empty");
  return text.error(
      "the format of this trace is not known: expected csv (a header such as time_s,rate_mbit_per_s), "
      "mahimahi (whole milliseconds, one per line), two_column (seconds and Mbit/s), sabre or iperf3 JSON, "
      "or a table whose columns are told");
}

Result<LinkRate> parse_trace(std::string_view content, const std::string& name, const TraceReading& reading) {
  return parse_and_shift({.text = content, .name = name, .reading = reading});
}

Result<LinkRate> lint_trace(std::string_view content, const std::string& name, const TraceReading& reading,
                            TraceLint& lint) {
  return parse_and_shift({.text = content, .name = name, .reading = reading, .lint = &lint});
}

// zlib returns the bytes of a file that is not gzip unchanged.
Result<std::string> read_trace_file(const std::string& path) {
  if (const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                                 &std::fclose);
      !file)
    return file_error(path, "the trace cannot be opened");
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), &gzclose);
  if (!file) return file_error(path, "the trace cannot be opened");
  std::string content;
  std::string piece(1U << 16U, '\0');
  int got = 0;
  while ((got = gzread(file.get(), piece.data(), static_cast<unsigned>(piece.size()))) > 0) {
    content.append(piece, 0, static_cast<std::size_t>(got));
    if (content.size() > kMaxTraceFileBytes)
      return file_error(path, fmt::format("a trace may have {} bytes, this has more", kMaxTraceFileBytes));
  }
  int status = Z_OK;
  const char* problem = gzerror(file.get(), &status);
  if (got < 0 || status == Z_BUF_ERROR)
    return file_error(
        path, fmt::format("the trace cannot be read: {}", status == Z_ERRNO ? "reading failed" : problem));
  return content;
}

Result<LinkRate> read_trace(const std::string& path, const TraceReading& reading) {
  const auto content = read_trace_file(path);
  if (!content) return content.error();
  return parse_trace(*content, path, reading);
}

}  // namespace millrace
