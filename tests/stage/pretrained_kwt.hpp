// Pretrained KWT-1 and labelled clips, kept beside the tree and not in it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "runtime/dataset/dataset.hpp"
#include "runtime/stage/inputs.hpp"
#include "runtime/stage/stage.hpp"

namespace millrace {

class PretrainedKwt : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(weights_) || !std::filesystem::exists(clips_))
      GTEST_SKIP() << "needs ../shared (pretrained weights): there is no " << shared_;
    dataset_ = *open_dataset("features:" + clips_, model_, 1);
  }

  std::unique_ptr<Stage> stage(LayerRange range, int threads = 1) const {
    auto made = Stage::create(model_, range, **open_weights(weights_, model_), threads);
    MR_CHECK(made.ok(), made.ok() ? "" : made.error().message);
    return std::make_unique<Stage>(std::move(*made));
  }
  // Logits of clips first .. + count - 1 through stages that end at these cuts.
  CutTensors logits(const std::vector<int>& cuts, std::uint64_t first, std::uint32_t count, int threads = 1) {
    auto now = read_inputs(*dataset_, model_, first, count);
    int begin = 1;
    for (std::size_t i = 0; i <= cuts.size() && now.ok(); ++i) {
      const int end = i < cuts.size() ? cuts[i] : model_.sub_layers();
      now = stage({begin, end}, threads)->forward(*now);
      begin = end + 1;
    }
    MR_CHECK(now.ok(), now.ok() ? "" : now.error().message);
    return std::move(*now);
  }

  // Correct clips among the first `count`.
  int right_of(std::uint32_t count) {
    const auto all = logits({}, 0, count, 2);
    int right = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto own = all[0].values.begin() + static_cast<std::ptrdiff_t>(12 * i);
      const auto found = static_cast<std::uint32_t>(std::max_element(own, own + 12) - own);
      right += found == dataset_->label(i) ? 1 : 0;
    }
    std::cout << right << " of " << count << " right\n";
    return right;
  }

  const std::filesystem::path shared_ = std::filesystem::path(MILLRACE_SOURCE_DIR).parent_path() / "shared";
  const std::string weights_ = (shared_ / "models/kwt1/kwt1_fp32.safetensors").string();
  const std::string clips_ = (shared_ / "data/speech_commands/kwt_mfcc_test1320_fp16.safetensors").string();
  const ModelConfig model_ = *model_by_name("kwt-1");
  std::unique_ptr<Dataset> dataset_;
};

}  // namespace millrace
