#include "runtime/yaml/checked_yaml.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace millrace {
namespace {

constexpr const char* kText = "name: a\nsizes: [1, 2.5e1]\nsub: {x: 3}\n";

// The error of reading `text`, or "no fault".
std::string fault(const std::function<void(const CheckedYaml&)>& read, const std::string& text = kText) {
  try {
    read(CheckedYaml("f.yaml", text));
  } catch (const CheckedYaml::Fault& fault) {
    EXPECT_EQ(fault.error().code, ExitCode::invalid_input);
    return fault.message;
  }
  return "no fault";
}

TEST(CheckedYaml, GivesWhatIsThere) {
  const CheckedYaml yaml("f.yaml", kText);
  const auto fields = yaml.fields(yaml.root(), "the file", {"name", "sizes"}, {"sub", "more"});
  EXPECT_EQ(yaml.text(*fields.at("name"), "name"), "a");
  EXPECT_EQ(yaml.numbers(*fields.at("sizes"), "sizes"), (std::vector<double>{1, 25}));
  EXPECT_EQ(yaml.whole(*fields.at("sub")->find("x"), "x", 3), 3);
  EXPECT_FALSE(fields.contains("more"));
}

TEST(CheckedYaml, EveryFaultHasItsPlace) {
  using File = const CheckedYaml&;
  EXPECT_EQ(fault([](File f) {
              f.fields(f.root(), "the file", {"name", "sizes"});
            }),
            "f.yaml:3:1: the file has no key \"sub\"; its keys are name, sizes");
  EXPECT_EQ(fault([](File f) {
              f.fields(f.root(), "the file", {"name", "sizes", "sub", "id"});
            }),
            "f.yaml:1:1: the file lacks the key \"id\"");
  EXPECT_EQ(fault([](File f) { f.items(*f.root().find("name"), "the list"); }),
            "f.yaml:1:7: the list must be a list, got text");
  EXPECT_EQ(fault([](File f) { f.entries(*f.root().find("sizes"), "sizes"); }),
            "f.yaml:2:8: sizes must be a map, got a list");
  EXPECT_EQ(fault([](File f) { f.number(*f.root().find("name"), "n"); }),
            "f.yaml:1:7: n must be a number, got \"a\"");
  EXPECT_EQ(fault([](File f) { f.whole(f.root().find("sizes")->items[1], "n", 24); }),
            "f.yaml:2:12: n must be a whole number up to 24, got \"2.5e1\"");
}

TEST(CheckedYaml, WhatIsNoStrictYamlIsRefused) {
  const auto nothing = [](const CheckedYaml&) {};
  EXPECT_EQ(fault(nothing, "a: 1\na: 2\n"), to_string(read_yaml("a: 1\na: 2\n", "f.yaml").problems.at(0)));
  EXPECT_EQ(fault(nothing, ""), "f.yaml:1:1: the file is empty");
}

}  // namespace
}  // namespace millrace
