// How accurate a model is when one cut is quantized: the CSV of `millrace-node eval`, read for planning bits.
// Surprising fact: the table does not name the model and weights it was measured with; its user must know.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"

namespace millrace {

// The first line; the columns are explained at runtime/stage/evaluation_report.hpp, which writes them.
inline constexpr std::string_view kAccuracyColumns = "codec,scope,bits,cuts,correct,count,bits_per_value";

struct AccuracyRow {
  std::string codec, scope;
  double bits = 0;
  std::vector<int> cuts;  // all quantized together; empty: no cut
  std::uint64_t correct = 0, count = 0;

  double share() const { return static_cast<double>(correct) / static_cast<double>(count); }
};

// Strict: the columns above, numbers in range, 1 <= count, correct <= count, no row twice; at most 16 MiB. A
// last line without a newline is an error: the evaluation was killed while writing that line.
Result<std::vector<AccuracyRow>> parse_accuracy_table(std::string_view text, const std::string& name);
Result<std::vector<AccuracyRow>> read_accuracy_table(const std::string& path);

// What planning needs of a table: single cuts of one codec.
struct CodecAccuracies {
  struct Width {
    double bits = 0;
    std::vector<double> retained;  // by cut 0..layers: share of the baseline that is left, at most 1
    std::vector<bool> known;       // by cut: whether the table has a row for it
  };
  double baseline = 1;        // of fp32, as a share of the images
  std::vector<Width> widths;  // most bits first; not empty
};

// Rows of several cuts are ignored. An empty `scope` accepts rows of any scope (codecs that share nothing). A
// cut that a model of `layers` sub-layers does not have, a table without its fp32 row or without the codec,
// and counts that differ are errors that say what to evaluate.
Result<CodecAccuracies> accuracies_of(const std::vector<AccuracyRow>& rows, std::string_view codec,
                                      std::string_view scope, int layers);

}  // namespace millrace
