#include "runtime/node/size_executor.hpp"

#include <gtest/gtest.h>

#include "runtime/base/random.hpp"

namespace millrace {
namespace {

// vit-tiny with few blocks: the same tensors per cut, less to encode.
ModelConfig small_model() {
  auto model = model_by_name("vit-tiny").value();
  model.blocks = 2;
  return model;
}

Work work(WorkKind kind, std::uint32_t images, double bits = 32) {
  Work made;
  made.kind = kind;
  made.images = images;
  made.first_image = 40;
  made.budget = {bits};
  return made;
}

ModelConfig small_bert() {
  auto model = model_by_name("bert-base").value();
  model.blocks = 2;
  model.width = 48;
  model.mlp_width = 96;
  return model;
}

// The size of every tensor that crosses the cut, encoded by the real codecs.
Bytes really_encoded(const ModelConfig& model, const Codec& codec, int cut, std::int64_t images,
                     Budget budget) {
  Buffer out;
  for (const auto& tensor : tensors_at_cut(model, cut)) {
    const TensorShape shape{images, tensor.rows, tensor.width};
    const std::vector<float> values(static_cast<std::size_t>(shape.values()), 0.5F);
    codec_for(tensor.role, codec).encode({values, shape, tensor.role}, budget, out);
  }
  return Bytes(static_cast<std::int64_t>(out.size()));
}

TEST(ASizeExecutor, MakesExactlyTheSizesOfTheRealCodecs) {
  for (const auto& model : {small_model(), small_bert()}) {
    for (const auto& name : codec_names()) {
      if (name == "klt") continue;  // meets a budget, see below
      const auto codec = make_codec(name).value();
      for (int cut = 0; cut <= model.sub_layers(); ++cut) {
        for (const double bits : {2.0, 3.0, 8.0, 16.0, 32.0}) {
          SizeExecutor executor(model, cut, make_codec(name).value());
          const auto made = executor.run(work(WorkKind::encode, 3, bits));
          ASSERT_TRUE(made.ok());
          EXPECT_EQ(made->output.size, really_encoded(model, *codec, cut, 3, {bits}))
              << name << " at cut " << cut << " with " << bits << " bits";
          EXPECT_EQ(made->output.bytes, nullptr);
          EXPECT_EQ(made->values, static_cast<std::uint64_t>(3 * values_at_cut(model, cut)));
          if (cut > 0 && cut < model.sub_layers()) {
            EXPECT_EQ(made->bit_width, codec->bit_width({bits}));
          }
        }
      }
    }
  }
}

TEST(ASizeExecutor, MakesTheBudgetOfKltWhichTheRealCodecNearlyReaches) {
  Random random(54, "klt sizes");
  for (const double bits : {1.5, 2.1, 3.1, 6.0}) {
    SizeExecutor executor(small_model(), 4, make_codec("klt").value());
    const auto made = executor.run(work(WorkKind::encode, 2, bits));
    ASSERT_TRUE(made.ok());
    EXPECT_EQ(made->bit_width, bits);
    const TensorShape shape{2, 197, 192};
    std::vector<float> values(static_cast<std::size_t>(shape.values()));
    for (float& x : values) x = static_cast<float>(random.normal());
    Buffer real;
    make_codec("klt").value()->encode({values, shape, TensorRole::residual}, {bits}, real);
    const auto predicted = static_cast<double>(made->output.size.count());
    EXPECT_LE(predicted, bits * static_cast<double>(shape.values()) / 8);
    EXPECT_LE(static_cast<double>(real.size()), predicted);
    EXPECT_GE(static_cast<double>(real.size()), 0.97 * predicted);
  }
}

// Headers of 24 bytes, and a byte a pixel, two a feature, three a token id and a length.
TEST(ASizeExecutor, LoadsWhatEachFamilyIsFedWith) {
  const auto loaded = [](const char* name) {
    SizeExecutor executor(model_by_name(name).value(), 0, make_codec("uniform").value());
    return executor.run(work(WorkKind::load, 2)).value();
  };
  EXPECT_EQ(loaded("vit-tiny").output.size, Bytes(24 + 2 * 3 * 224 * 224));
  EXPECT_EQ(loaded("vit-tiny").values, 2U * 3 * 224 * 224);
  EXPECT_EQ(loaded("vit-tiny").bit_width, 8);
  EXPECT_EQ(loaded("kwt-1").output.size, Bytes(24 + 2 * 98 * 40 * 2));
  EXPECT_EQ(loaded("kwt-1").bit_width, 16);
  EXPECT_EQ(loaded("bert-base").output.size, Bytes(24 + 2 * 128 * 3 + 24 + 2 * 2 * 3));
  EXPECT_EQ(loaded("bert-base").bit_width, 24);
}

TEST(ASizeExecutor, ScoresNameTheImagesAndNothingElse) {
  SizeExecutor executor(small_model(), 8, make_codec("fp32").value());
  const auto made = executor.run(work(WorkKind::score, 2));
  ASSERT_EQ(made->outputs.size(), 2U);
  EXPECT_EQ(made->outputs[0].image, 40U);
  EXPECT_EQ(made->outputs[1].image, 41U);
  EXPECT_FALSE(made->outputs[0].predicted.has_value());
  EXPECT_TRUE(made->outputs[0].logits_sha256.empty());
}

TEST(ASizeExecutor, RefusesTensorsThatNoEncodingHolds) {
  const auto model = model_by_name("vit-base").value();
  SizeExecutor source(model, 0, make_codec("u8").value());
  const auto refused = source.run(work(WorkKind::load, 65536));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ExitCode::invalid_input);
  EXPECT_EQ(refused.error().message,
            "model.microbatch: 65536 images make a tensor of 65536 x 672 x 224, and a tensor holds at most "
            "536870912 values; make it smaller");
  SizeExecutor stage(model, 2, make_codec("fp32").value());
  EXPECT_FALSE(stage.run(work(WorkKind::encode, 65536)).ok());
  EXPECT_TRUE(stage.run(work(WorkKind::encode, 64)).ok());
}

}  // namespace
}  // namespace millrace
