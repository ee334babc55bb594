// Rows of an evaluation as text: a CSV whose columns scripts rely on, a table for people, and JSON with every
// figure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/stage/evaluation.hpp"

namespace millrace {

// The columns and their order never change:
//
//   codec           as requested; "none": fp32, not quantized
//   scope           the values that share a range: image, token, tensor; "none" if no range is shared
//   bits            bit width of the codes; 32 for fp32
//   cuts            a cut, or several quantized together with + between them (24+36); "none"
//   correct, count  images whose largest logit is their label's, and all images
//   bits_per_value  of the encodings, everything counted
inline constexpr std::string_view kEvaluationColumns = "codec,scope,bits,cuts,correct,count,bits_per_value";
std::string csv_line(const EvaluationRow& row);  // without a line break

std::string cuts_text(const std::vector<int>& cuts);
// Entries as in --cuts: `all-blocks` (block_cuts()), `all` (1 .. sub_layers - 1), or cuts and sets of cuts:
// 24, 24+36. Cuts of a set may come in any order. An error names the entry.
Result<std::vector<std::vector<int>>> cuts_from_text(const std::vector<std::string>& entries,
                                                     const ModelConfig& model);

std::string table_header();
std::string table_line(const EvaluationRow& row);
// A warning if images of the row have logits that are not finite; else empty.
std::string not_finite_note(const EvaluationRow& row);
// Mean and worst over the sets of cuts, one line per quantization; empty if there is only one set.
std::string table_over_cuts(const std::vector<EvaluationRow>& rows);

struct EvaluationFacts {
  std::string release, weights, weights_sha256, dataset, dataset_sha256, model;
  std::vector<std::string> command;
  std::uint32_t microbatch = 0;
  int threads = 0;
  double wall_s = 0;
  bool complete = false;
};
std::string evaluation_json(const EvaluationFacts& facts, const std::vector<EvaluationRow>& rows);

}  // namespace millrace
