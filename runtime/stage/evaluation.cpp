#include "runtime/stage/evaluation.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <set>

#include "runtime/base/limits.hpp"
#include "runtime/codec/codec.hpp"
#include "runtime/codec/klt_calibration.hpp"
#include "runtime/stage/inputs.hpp"
#include "runtime/stage/scoring.hpp"
#include "runtime/stage/stage_chain.hpp"
#include "runtime/stage/thread_team.hpp"

namespace millrace {

namespace {

constexpr auto kMostImagesPerMicrobatch = static_cast<std::uint32_t>(kMaxImagesPerMicrobatch);

std::vector<int> all_cuts(const std::vector<std::vector<int>>& sets) {
  std::set<int> all;
  for (const auto& set : sets) all.insert(set.begin(), set.end());
  return {all.begin(), all.end()};
}

std::size_t place(const CutTensor& tensor, std::uint64_t image) {
  return static_cast<std::size_t>(tensor.shape.rows * tensor.shape.width) * static_cast<std::size_t>(image);
}

TensorView images_of(const CutTensor& tensor, std::uint64_t first, std::uint64_t images) {
  TensorShape shape = tensor.shape;
  shape.images = static_cast<std::int64_t>(images);
  return {std::span(tensor.values).subspan(place(tensor, first), static_cast<std::size_t>(shape.values())),
          shape, tensor.role};
}

std::span<float> images_of(CutTensor& tensor, std::uint64_t first, std::uint64_t images) {
  return std::span(tensor.values).subspan(place(tensor, first), place(tensor, images));
}

// Some of the images of kept tensors.
struct Slice {
  const CutTensors& tensors;
  int cut = 0;
  std::uint64_t first = 0, images = 0;
};

class Evaluator {
 public:
  Evaluator(const EvaluationRequest& request, const Dataset& dataset, const EvaluationEvents& events,
            StageChain chain)
      : request_(request),
        model_(request.model),
        dataset_(dataset),
        events_(events),
        chain_(std::move(chain)),
        team_(request.threads),
        sets_(request.cuts),
        round_(std::uint64_t{request.microbatch} * static_cast<std::uint64_t>(request.threads)) {
    std::ranges::sort(sets_);
    if (sets_.empty()) sets_.emplace_back();  // fp32 alone
    part_ = images_per_part();
    reckon_work();
  }

  // False if `progress` ended it.
  Result<bool> run() {
    for (std::size_t s = 0; s < sets_.size(); ++s) {
      auto rows = rows_at(s);
      for (std::uint64_t first = 0; first < request_.images; first += part_) {
        const std::uint64_t images = std::min(part_, request_.images - first);
        if (auto kept = keep(sets_[s], first, images); !kept.ok() || !*kept) return kept;
        for (EvaluationRow& row : rows) {
          if (auto added = add_part(row, first, images); !added.ok() || !*added) return added;
          if (first + images == request_.images && events_.row) events_.row(row);
        }
      }
    }
    return true;
  }

 private:
  std::uint64_t images_per_part() const {
    std::int64_t most = 1;
    for (const auto& set : sets_) most = std::max(most, values_at_cut(model_, front(set)));
    const auto fit = static_cast<std::uint64_t>(request_.kept_at_most.count() / (4 * most));
    // Whole rounds, so that microbatches do not depend on the size of the parts.
    return fit >= request_.images ? request_.images : std::max<std::uint64_t>(fit / round_, 1) * round_;
  }

  bool in_one_part() const { return part_ >= request_.images; }
  static int front(const std::vector<int>& set) { return set.empty() ? 0 : set.front(); }

  void reckon_work() {
    double layers = 0;
    for (std::size_t s = 0; s < sets_.size(); ++s) {
      const int from = s > 0 && in_one_part() ? front(sets_[s - 1]) : 0;
      layers += front(sets_[s]) - from;
      layers += static_cast<double>(rows_at(s).size()) * (model_.sub_layers() - front(sets_[s]));
    }
    progress_.all = layers * static_cast<double>(request_.images);
  }

  std::vector<EvaluationRow> rows_at(std::size_t s) const {
    std::vector<EvaluationRow> rows;
    if (s == 0) rows.emplace_back();  // fp32
    if (sets_[s].empty()) return rows;
    for (const Quantization& quantization : request_.quantizations) {
      EvaluationRow row;
      row.quantization = quantization;
      row.cuts = sets_[s];
      rows.push_back(std::move(row));
    }
    return rows;
  }

  bool worked(int layers, std::uint64_t images) {
    progress_.done += static_cast<double>(layers) * static_cast<double>(images);
    return !events_.progress || events_.progress(progress_);
  }

  // Makes kept_ the fp32 tensors at the first cut of the set: from kept tensors of the same images at an
  // earlier cut if there are any, else from the dataset. False if `progress` ended it.
  Result<bool> keep(const std::vector<int>& set, std::uint64_t first, std::uint64_t images) {
    const int cut = front(set);
    const bool onwards = in_one_part() && kept_cut_ && *kept_cut_ <= cut;
    if (onwards && *kept_cut_ == cut) return true;
    const int from = onwards ? *kept_cut_ : 0;
    CutTensors kept = make_cut_tensors(model_, cut, static_cast<std::int64_t>(images));
    for (std::uint64_t begin = 0; begin < images; begin += round_) {
      const std::uint64_t some = std::min(round_, images - begin);
      auto now = onwards ? copy_of({kept_, from, begin, some})
                         : read_inputs(dataset_, model_, first + begin, static_cast<std::uint32_t>(some));
      if (now.ok() && cut > from) now = chain_.forward(*now, from, cut);
      if (!now) return now.error();
      for (std::size_t t = 0; t < kept.size(); ++t)
        std::ranges::copy((*now)[t].values, images_of(kept[t], begin, some).begin());
      if (!worked(cut - from, some)) return false;
    }
    kept_ = std::move(kept);
    kept_cut_ = cut;
    return true;
  }

  Result<CutTensors> copy_of(const Slice& slice) const {
    CutTensors copy = make_cut_tensors(model_, slice.cut, static_cast<std::int64_t>(slice.images));
    for (std::size_t t = 0; t < copy.size(); ++t)
      std::ranges::copy(images_of(slice.tensors[t], slice.first, slice.images).values,
                        copy[t].values.begin());
    return copy;
  }

  // Adds the kept images to a row. False if `progress` ended it.
  Result<bool> add_part(EvaluationRow& row, std::uint64_t first, std::uint64_t images) {
    for (std::uint64_t begin = 0; begin < images; begin += round_) {
      const std::uint64_t some = std::min(round_, images - begin);
      const auto logits = logits_of({kept_, *kept_cut_, begin, some}, row);
      if (!logits) return logits.error();
      score(logits->front(), first + begin, row);
      if (!worked(model_.sub_layers() - *kept_cut_, some)) return false;
    }
    return true;
  }

  Result<CutTensors> logits_of(const Slice& slice, EvaluationRow& row) {
    int at = slice.cut;
    auto now = row.cuts.empty() ? copy_of(slice) : quantized(slice, row);
    for (std::size_t i = 1; now.ok() && i < row.cuts.size(); ++i) {
      now = chain_.forward(*now, at, row.cuts[i]);
      at = row.cuts[i];
      if (now.ok()) now = quantized({*now, at, 0, slice.images}, row);
    }
    if (!now) return now.error();
    return chain_.forward(*now, at, model_.sub_layers());
  }

  // The slice after encoding and decoding, microbatch by microbatch.
  Result<CutTensors> quantized(const Slice& slice, EvaluationRow& row) {
    std::shared_ptr<const CutCalibration> calibration;
    if (!request_.calibrations.empty()) {
      auto found = find_calibration(request_.calibrations, model_, slice.cut);
      if (!found) return found.error();
      calibration = *found;
    }
    const auto codec = make_codec(
        {.name = row.quantization.codec, .scope = scope_of(row.quantization), .calibration = calibration});
    if (!codec) return codec.error();
    CutTensors out = make_cut_tensors(model_, slice.cut, static_cast<std::int64_t>(slice.images));
    const std::uint64_t microbatch = request_.microbatch;
    const std::uint64_t microbatches = (slice.images + microbatch - 1) / microbatch;
    std::vector<std::optional<Error>> failed(microbatches);
    std::vector<std::size_t> bytes(microbatches);
    team_.split(static_cast<std::int64_t>(microbatches), [&](std::int64_t begin, std::int64_t end) {
      Buffer buffer;
      for (auto m = static_cast<std::size_t>(begin); m < static_cast<std::size_t>(end); ++m) {
        const std::uint64_t first = m * microbatch, images = std::min(microbatch, slice.images - first);
        for (std::size_t t = 0; t < out.size(); ++t) {
          const TensorView tensor = images_of(slice.tensors[t], slice.first + first, images);
          buffer.clear();
          codec_for(tensor.role, **codec).encode(tensor, Budget{row.quantization.bits}, buffer);
          bytes[m] += buffer.size();
          const auto decoded =
              decode_tensor(buffer, tensor.shape, images_of(out[t], first, images), calibration.get());
          if (!decoded && !failed[m]) failed[m] = decoded.error().in(row.quantization.codec);
        }
      }
    });
    for (const auto& error : failed) {
      if (error) return *error;
    }
    for (const std::size_t some : bytes) row.bytes += Bytes(static_cast<std::int64_t>(some));
    row.values += static_cast<std::uint64_t>(values_at_cut(model_, slice.cut)) * slice.images;
    return out;
  }

  static ScaleScope scope_of(const Quantization& quantization) {
    return quantization.scope == ScaleScope::none ? ScaleScope::image : quantization.scope;
  }

  void score(const CutTensor& logits, std::uint64_t first, EvaluationRow& row) const {
    for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(logits.shape.images); ++i) {
      const auto own = images_of(logits, i, 1).values;
      ++row.count;
      if (!all_finite(own)) {
        ++row.not_finite;
        continue;
      }
      const std::uint32_t rank = rank_of(own, *dataset_.label(first + i));
      row.correct += rank == 0 ? 1 : 0;
      row.correct_in_top += rank < kTopPlaces ? 1 : 0;
    }
  }

  const EvaluationRequest& request_;
  const ModelConfig& model_;
  const Dataset& dataset_;
  const EvaluationEvents& events_;
  StageChain chain_;
  ThreadTeam team_;
  std::vector<std::vector<int>> sets_;
  std::uint64_t round_;     // images computed between two calls of `progress`
  std::uint64_t part_ = 0;  // images kept at a time
  CutTensors kept_;
  std::optional<int> kept_cut_;
  EvaluationProgress progress_;
};

}  // namespace

double EvaluationRow::bits_per_value() const {
  return values == 0 ? 32 : static_cast<double>(bytes.bits()) / static_cast<double>(values);
}

std::vector<int> block_cuts(const ModelConfig& model) {
  std::vector<int> cuts;
  for (int block = 1; block < model.blocks; ++block) cuts.push_back(4 * block);
  return cuts;
}

Result<void> check_request(const EvaluationRequest& request, const Dataset& dataset) {
  const auto invalid = [](std::string sentence) {
    return Error{"evaluating: " + std::move(sentence), ExitCode::invalid_input};
  };
  if (const auto checked = check_model(request.model); !checked) return checked.error();
  if (request.images == 0) return invalid("no images are asked for");
  if (const auto held = dataset.size(); held && *held < request.images)
    return invalid(fmt::format("{} images are asked for, the dataset holds {}", request.images, *held));
  if (request.microbatch < 1 || request.microbatch > kMostImagesPerMicrobatch)
    return invalid(
        fmt::format("a microbatch has 1 to {} images, got {}", kMostImagesPerMicrobatch, request.microbatch));
  for (std::uint64_t image = 0; image < request.images; ++image) {
    const auto label = dataset.label(image);
    if (!label) return invalid(fmt::format("image {} of the dataset has no label", image));
    if (*label >= static_cast<std::uint32_t>(request.model.classes))
      return invalid(fmt::format("image {} has label {}, {} knows 0 to {}", image, *label, request.model.name,
                                 request.model.classes - 1));
  }
  for (const auto& set : request.cuts) {
    if (set.empty()) return invalid("a set of cuts is empty");
    for (std::size_t i = 0; i < set.size(); ++i) {
      if (set[i] < 1 || set[i] >= request.model.sub_layers())
        return invalid(fmt::format("cut {} is out of range: {} has cuts 1 to {}", set[i], request.model.name,
                                   request.model.sub_layers() - 1));
      if (i > 0 && set[i] <= set[i - 1])
        return invalid(fmt::format("cut {} comes after cut {}", set[i], set[i - 1]));
    }
  }
  return {};
}

Result<bool> evaluate(const EvaluationRequest& request, const Dataset& dataset, const WeightSource& weights,
                      const EvaluationEvents& events) {
  if (const auto checked = check_request(request, dataset); !checked) return checked.error();
  auto chain = StageChain::create(request.model, all_cuts(request.cuts), weights, request.threads);
  if (!chain) return chain.error();
  return Evaluator(request, dataset, events, std::move(*chain)).run();
}

}  // namespace millrace
