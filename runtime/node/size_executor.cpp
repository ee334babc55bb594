#include "runtime/node/size_executor.hpp"

#include <fmt/format.h>

#include "runtime/codec/encoding.hpp"

namespace millrace {

SizeExecutor::SizeExecutor(const ModelConfig& model, int cut, std::unique_ptr<Codec> codec)
    : tensors_(tensors_at_cut(model, cut)), codec_(std::move(codec)) {}

SizeExecutor::~SizeExecutor() = default;

Result<Outcome> SizeExecutor::encoded(std::int64_t images, Budget budget) const {
  Outcome outcome;
  outcome.bit_width = codec_for(tensors_.front().role, *codec_).bit_width(budget);
  for (const auto& tensor : tensors_) {
    const TensorShape shape{images, tensor.rows, tensor.width};
    if (!within_limits(shape))
      return Error{
          fmt::format("model.microbatch: {} images make a tensor of {}, and a tensor holds at most {} "
                      "values; make it smaller",
                      images, to_string(shape), kMaxTensorValues),
          ExitCode::invalid_input};
    outcome.output.size += codec_for(tensor.role, *codec_).predicted_size(shape, tensor.role, budget);
    outcome.values += static_cast<std::uint64_t>(shape.values());
  }
  return outcome;
}

Result<Outcome> SizeExecutor::run(const Work& work) {
  switch (work.kind) {
    case WorkKind::load:
      return encoded(work.images, Budget{});
    case WorkKind::encode:
      return encoded(work.images, work.budget);
    case WorkKind::forward:
      return Outcome{};
    case WorkKind::score: {
      Outcome outcome;
      for (std::uint32_t i = 0; i < work.images; ++i)
        outcome.outputs.push_back({work.first_image + i, {}, {}, {}});
      return outcome;
    }
  }
  return Error{"unknown kind of work"};
}

}  // namespace millrace
