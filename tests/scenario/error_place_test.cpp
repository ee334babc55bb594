#include "runtime/scenario/error_place.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

const std::string kText =
    "millrace: 1\n"
    "model: {name: vit-tiny, microbatch: 65536}\n"
    "network:\n"
    "  links:\n"
    "    - {between: [a, b], trace: traces/x.csv}\n"
    "    - {between: [b, c], trace: traces/x.csv.old}\n"
    "    - between: [c, a]\n"
    "      trace: /data/y.csv\n";

Problem placed(const std::string& sentence, std::vector<std::string> overrides = {}) {
  return place_error({"/lab/my.yaml", kText, std::move(overrides)}, Error{sentence});
}

TEST(PlaceError, FindsTheLineOfTheKeyThatASentenceBeginsWith) {
  EXPECT_EQ(to_string(placed("model.microbatch: 65536 images are too many")),
            "/lab/my.yaml:2:37: model.microbatch: 65536 images are too many");
}

TEST(PlaceError, FindsTheKeyThatNamesTheFile) {
  EXPECT_EQ(to_string(placed("/lab/traces/x.csv:3: rate must be >= 0")),
            "/lab/my.yaml:5:32: network.links[0].trace: /lab/traces/x.csv:3: rate must be >= 0");
  EXPECT_EQ(to_string(placed("/lab/traces/x.csv.old: no header")),
            "/lab/my.yaml:6:32: network.links[1].trace: /lab/traces/x.csv.old: no header");
  EXPECT_EQ(to_string(placed("reading /data/y.csv: no header")),
            "/lab/my.yaml:8:14: network.links[2].trace: reading /data/y.csv: no header");
}

TEST(PlaceError, FindsTheOverrideThatSetTheKey) {
  EXPECT_EQ(to_string(placed("model.microbatch: too many", {"model.microbatch=9"})),
            "--set model.microbatch: model.microbatch: too many");
  EXPECT_EQ(to_string(placed("/data/z.csv: no header", {"network.links[0].trace=/data/z.csv"})),
            "--set network.links[0].trace: network.links[0].trace: /data/z.csv: no header");
}

TEST(PlaceError, LeavesASentenceAloneThatNamesNothingOfTheScenario) {
  for (const std::string sentence : {"infeasible: ViT-Huge needs 2.4 GiB", "/data/other.csv: no header", ""})
    EXPECT_EQ(to_string(placed(sentence)), "/lab/my.yaml: " + sentence);
}

}  // namespace
}  // namespace millrace
