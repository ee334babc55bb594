#include "runtime/dataset/tokens_file.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "runtime/dataset/tensor_file.hpp"

namespace millrace {

namespace {

constexpr std::int64_t kPadding = 0;  // [PAD] in BERT's vocabularies

struct Lengths {
  std::uint32_t tokens = 0, first_segment = 0;
};

class TokensFile final : public Dataset {
 public:
  static Result<std::unique_ptr<Dataset>> open(const std::string& path, const ModelConfig& model) {
    auto file = TensorFile::open(path);
    if (!file) return file.error();
    auto dataset = std::unique_ptr<TokensFile>(new TokensFile(std::move(*file), model));
    if (auto done = dataset->index(); !done) return done.error();
    return std::unique_ptr<Dataset>(std::move(dataset));
  }

  Result<void> read(std::uint64_t image, std::span<float> out) const override {
    MR_CHECK(out.size() == static_cast<std::size_t>(model_.input_values()));
    if (image >= lengths_.size())
      return file_.error(fmt::format("it has {} sequences, not image {}", lengths_.size(), image));
    const auto ids = row(*ids_, image);
    const Lengths& lengths = lengths_[image];
    std::ranges::fill(out, static_cast<float>(kPadding));
    std::copy_n(ids.begin(), lengths.tokens, out.begin());
    out[out.size() - 2] = static_cast<float>(lengths.tokens);
    out[out.size() - 1] = static_cast<float>(lengths.first_segment);
    return {};
  }
  std::optional<std::uint32_t> label(std::uint64_t image) const override {
    if (image >= labels_.size()) return std::nullopt;
    return labels_[image];
  }
  std::optional<std::uint64_t> size() const override { return lengths_.size(); }

 private:
  TokensFile(TensorFile file, ModelConfig model) : file_(std::move(file)), model_(std::move(model)) {}

  std::vector<std::int64_t> row(const StoredTensor& tensor, std::uint64_t image) const {
    std::vector<std::int64_t> numbers(static_cast<std::size_t>(tensor.shape[1]));
    widen_to_integer(tensor.type, file_.row(tensor, image), numbers);
    return numbers;
  }

  // Finds the tensors and checks every number in them.
  Result<void> index() {
    ids_ = file_.find("input_ids");
    if (ids_ == nullptr) return file_.error("there is no tensor \"input_ids\"");
    if (!is_integer(ids_->type) || ids_->shape.size() != 2 || ids_->shape[0] < 1 || ids_->shape[1] < 1)
      return file_.error("input_ids", fmt::format("must be I64 or I32 of shape [images, tokens], is {} of {}",
                                                  ids_->dtype, shape_text(ids_->shape)));
    if (ids_->shape[1] > model_.sequence)
      return file_.error("input_ids", fmt::format("has {} tokens per sequence, the model {}; set "
                                                  "model.sequence",
                                                  ids_->shape[1], model_.sequence));
    const StoredTensor *mask = file_.find("attention_mask"), *types = file_.find("token_type_ids");
    for (const auto& [name, tensor] : {std::pair("attention_mask", mask), {"token_type_ids", types}}) {
      if (tensor != nullptr && (!is_integer(tensor->type) || tensor->shape != ids_->shape))
        return file_.error(name,
                           fmt::format("must be I64 or I32 of shape {}, is {} of {}", shape_text(ids_->shape),
                                       tensor->dtype, shape_text(tensor->shape)));
    }
    const auto images = static_cast<std::uint64_t>(ids_->shape[0]);
    for (std::uint64_t image = 0; image < images; ++image) {
      if (auto done = index_sequence(image, mask, types); !done) return done;
    }
    auto labels = file_.labels(ids_->shape[0], model_.classes);
    if (!labels) return labels.error();
    labels_ = std::move(*labels);
    return {};
  }

  Result<void> index_sequence(std::uint64_t image, const StoredTensor* mask, const StoredTensor* types) {
    const auto about = [&](const char* tensor, const std::string& finding) {
      return file_.error(tensor, fmt::format("of image {} {}", image, finding));
    };
    const auto ids = row(*ids_, image);
    for (const std::int64_t id : ids) {
      if (id < 0 || id >= model_.vocabulary)
        return about("input_ids",
                     fmt::format("has the id {}, the vocabulary is 0 to {}", id, model_.vocabulary - 1));
    }
    auto tokens = static_cast<std::size_t>(
        std::find_if(ids.rbegin(), ids.rend(), [](std::int64_t id) { return id != kPadding; }).base() -
        ids.begin());
    if (mask != nullptr) {
      const auto found = run_length(row(*mask, image), 1, 0);
      if (!found) return about("attention_mask", "must be ones, then zeroes");
      tokens = *found;
    }
    if (tokens == 0) return about("input_ids", "is nothing but padding");
    std::size_t first_segment = tokens;
    if (types != nullptr) {
      auto used = row(*types, image);
      used.resize(tokens);
      const auto found = run_length(used, 0, 1);
      if (!found) return about("token_type_ids", "must be zeroes, then ones");
      first_segment = *found;
    }
    lengths_.push_back({static_cast<std::uint32_t>(tokens), static_cast<std::uint32_t>(first_segment)});
    return {};
  }

  // The number of leading `first`s; nothing if a number other than `then` follows them.
  static std::optional<std::size_t> run_length(const std::vector<std::int64_t>& numbers, std::int64_t first,
                                               std::int64_t then) {
    const auto end = std::ranges::find_if(numbers, [&](std::int64_t n) { return n != first; });
    if (!std::all_of(end, numbers.end(), [&](std::int64_t n) { return n == then; })) return std::nullopt;
    return static_cast<std::size_t>(end - numbers.begin());
  }

  TensorFile file_;
  ModelConfig model_;
  const StoredTensor* ids_ = nullptr;  // of file_
  std::vector<Lengths> lengths_;
  std::vector<std::uint32_t> labels_;
};

}  // namespace

Result<std::unique_ptr<Dataset>> open_tokens_file(const std::string& path, const ModelConfig& model) {
  MR_CHECK(model.family == ModelFamily::bert);
  return TokensFile::open(path, model);
}

}  // namespace millrace
