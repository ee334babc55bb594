#include "runtime/dataset/jpeg.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/base/random.hpp"
#include "runtime/dataset/dataset.hpp"
#include "tests/dataset/jpeg_file.hpp"
#include "tests/weights/safetensors_file.hpp"

namespace millrace {
namespace {

using testing::HasSubstr;

std::span<const std::uint8_t> file_bytes(const std::string& file) {
  return {reinterpret_cast<const std::uint8_t*>(file.data()), file.size()};
}

int ramp(int x, int y, int c) { return c == 0 ? x : c == 1 ? y : 255 - x / 2 - y / 2; }

// One pixel of a [3, size, size] image.
int pixel(const std::vector<std::uint8_t>& image, int size, int x, int y, int c) {
  const auto index = (std::int64_t{c} * size + y) * size + x;
  return image[static_cast<std::size_t>(index)];
}

std::vector<std::uint8_t> read(const std::string& jpeg, int size) {
  const TemporaryFile file("image.jpeg", jpeg);
  std::vector<std::uint8_t> out(static_cast<std::size_t>(3 * size * size));
  const auto result = read_image(file.path(), size, out);
  EXPECT_TRUE(result.ok()) << result.error().message;
  return out;
}

// Quality 100 and slow changes: a decoded value is within 3 of what was encoded.
constexpr int kLossy = 3;

TEST(Jpeg, SlightlyLargerImageIsCroppedAtItsCentre) {
  const auto image = read(jpeg_of(227, 227, 3, ramp), 224);
  for (const int at : {0, 100, 223}) {
    EXPECT_NEAR(pixel(image, 224, at, 0, 0), at + 1, kLossy);  // offset (227 - 224) / 2 = 1
    EXPECT_NEAR(pixel(image, 224, 0, at, 1), at + 1, kLossy);
    EXPECT_NEAR(pixel(image, 224, at, at, 2), ramp(at + 1, at + 1, 2), kLossy);
  }
}

TEST(Jpeg, CropPicksTheVeryPixels) {
  const std::string jpeg = jpeg_of(227, 230, 3, ramp);
  const auto whole = decode_jpeg(file_bytes(jpeg));
  ASSERT_TRUE(whole.ok());
  const auto image = read(jpeg, 224);
  for (int y = 0; y < 224; ++y)
    for (int x = 0; x < 224; ++x)
      for (int c = 0; c < 3; ++c)
        ASSERT_EQ(pixel(image, 224, x, y, c),
                  whole->pixels[static_cast<std::size_t>(((y + 3) * 227 + x + 1) * 3 + c)]);
}

// A ramp stays a ramp: shorter side 112 or 512 becomes 256, the crop starts 16 from its edge.
TEST(Jpeg, OtherSizesAreScaledThenCropped) {
  for (const int shorter : {112, 512}) {
    const int longer = shorter * 3 / 2;
    const auto colour = [&](int x, int y, int c) { return c == 0 ? x * 255 / longer : y * 255 / shorter; };
    const auto image = read(jpeg_of(longer, shorter, 3, colour), 224);
    for (const int at : {20, 112, 200}) {
      const double y = at + 16 + 0.5, x = at + 80 + 0.5;  // in the image scaled to 384 x 256
      EXPECT_NEAR(pixel(image, 224, at, 112, 0), x / 384 * 255, kLossy) << shorter;
      EXPECT_NEAR(pixel(image, 224, 112, at, 1), y / 256 * 255, kLossy) << shorter;
    }
  }
}

TEST(Jpeg, ResamplingKeepsConstantsAndIdentity) {
  RgbImage constant{7, 5, std::vector<std::uint8_t>(7 * 5 * 3, 201)};
  for (const PixelSize to : {PixelSize{3, 2}, PixelSize{20, 30}, PixelSize{1, 1}})
    EXPECT_THAT(resample(constant, to).pixels, testing::Each(201));
  const auto photo = decode_jpeg(file_bytes(jpeg_of(40, 30, 3, ramp)));
  EXPECT_EQ(resample(*photo, {40, 30}).pixels, photo->pixels);
}

// Fine stripes average out where the image shrinks, rather than alias.
TEST(Jpeg, ShrinkingFilters) {
  RgbImage stripes{64, 2, {}};
  for (int i = 0; i < 64 * 2; ++i) stripes.pixels.insert(stripes.pixels.end(), 3, i % 2 == 0 ? 0 : 200);
  for (const std::uint8_t value : resample(stripes, {8, 2}).pixels) EXPECT_NEAR(value, 100, 8);
}

TEST(Jpeg, GreyBecomesRgb) {
  const auto image = read(jpeg_of(224, 224, 1, ramp), 224);
  for (int c = 0; c < 3; ++c) EXPECT_NEAR(pixel(image, 224, 77, 10, c), 77, kLossy);
}

TEST(Jpeg, TruncatedFilesAreErrors) {
  const std::string jpeg = jpeg_of(64, 64, 3, ramp);
  for (std::size_t length = 0; length + 2 < jpeg.size(); length += 7)
    EXPECT_FALSE(decode_jpeg(file_bytes(jpeg.substr(0, length))).ok()) << length;
}

TEST(Jpeg, CorruptFilesAreErrorsOrImagesButNoCrash) {
  const std::string jpeg = jpeg_of(48, 48, 3, ramp);
  Random random(5, "corruption");
  for (int i = 0; i < 3000; ++i) {
    std::string broken = jpeg;
    for (std::uint64_t n = 1 + random.below(8); n > 0; --n)
      broken[random.below(broken.size())] = static_cast<char>(random.below(256));
    const auto image = decode_jpeg(file_bytes(broken));
    if (!image) continue;
    EXPECT_EQ(image->pixels.size(),
              static_cast<std::size_t>(image->width) * static_cast<std::size_t>(image->height) * 3);
  }
}

TEST(Jpeg, ErrorsNameTheFile) {
  std::vector<std::uint8_t> out(3 * 224 * 224);
  EXPECT_THAT(read_image("/nonexistent/a.jpeg", 224, out).error().message,
              HasSubstr("reading image /nonexistent/a.jpeg"));
  const TemporaryFile file("a.jpeg", "no image at all");
  EXPECT_THAT(
      read_image(file.path(), 224, out).error().message,
      testing::AllOf(HasSubstr(file.path()), HasSubstr("not a JPEG that can be decoded: Not a JPEG file")));
}

TEST(Jpeg, ImagesBeyondBeliefAreRefused) {
  std::string jpeg = jpeg_of(64, 64, 3, ramp);
  const auto frame = jpeg.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  for (const std::size_t at : {5, 6, 7, 8}) jpeg[frame + at] = '\xf0';  // height and width 61680
  EXPECT_THAT(decode_jpeg(file_bytes(jpeg)).error().message, HasSubstr("more than 67108864 pixels"));
}

}  // namespace
}  // namespace millrace
