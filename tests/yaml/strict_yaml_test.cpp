#include "runtime/yaml/strict_yaml.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <filesystem>
#include <fstream>

#include "runtime/yaml/yaml_path.hpp"

namespace millrace {
namespace {

std::string faults(const std::string& text) { return to_string(read_yaml(text, "f").problems); }

TEST(StrictYaml, KeepsScalarsAsWrittenAndRemembersQuotes) {
  const auto document = read_yaml("a: no\nb: \"no\"\nc: [010, 'x']\nd: |\n  t\n", "f");
  ASSERT_TRUE(document.root);
  EXPECT_TRUE(document.problems.empty());
  const YamlNode& root = *document.root;
  EXPECT_EQ(root.find("a")->text, "no");
  EXPECT_FALSE(root.find("a")->quoted);
  EXPECT_TRUE(root.find("b")->quoted);
  EXPECT_EQ(root.find("c")->items[0].text, "010");
  EXPECT_TRUE(root.find("c")->items[1].quoted);
  EXPECT_EQ(root.find("d")->text, "t\n");
  EXPECT_TRUE(root.find("d")->quoted);
  EXPECT_EQ(root.find("e"), nullptr);
}

TEST(StrictYaml, PlacesCountCharactersAndLinesFromOne) {
  const auto document = read_yaml("\xEF\xBB\xBF\"é\": {x: 1}\r\nb:\r\n  - ü: 2\r\n", "f");
  ASSERT_TRUE(document.root);
  const YamlMark x = document.root->entries[0].value.entries[0].mark;
  EXPECT_EQ(std::pair(x.line, x.column), std::pair(1, 7));
  const YamlMark two = document.root->find("b")->items[0].entries[0].value.mark;
  EXPECT_EQ(std::pair(two.line, two.column), std::pair(3, 8));
}

TEST(StrictYaml, PlacesAbsentValuesWhereTheyAreMissed) {
  const auto document = read_yaml("a:\nb:\n- 1\n-\n- ~\nc: 1\n", "f");
  ASSERT_TRUE(document.root);
  const auto place = [](const YamlNode& node) { return std::pair(node.mark.line, node.mark.column); };
  EXPECT_EQ(document.root->find("a")->kind, YamlNode::Kind::nothing);
  EXPECT_EQ(place(*document.root->find("a")), std::pair(1, 1));
  EXPECT_EQ(place(document.root->find("b")->items[1]), std::pair(4, 1));
  EXPECT_EQ(place(document.root->find("b")->items[2]), std::pair(5, 3));
}

TEST(StrictYaml, RefusesWhatReadersDisagreeAbout) {
  EXPECT_EQ(faults("a: 1\nb: 2\na: 3\n"),
            "f:3:1: duplicate key \"a\": it was given in line 1 already; remove one of the two\n");
  EXPECT_EQ(faults("a: &x 1\nb: *x\nc:\n  <<: {d: 1}\n"),
            "f:1:4: anchors (&name) are not read; write the value out where it is needed\n"
            "f:2:4: aliases (*name) are not read; write the value out\n"
            "f:4:3: merge keys (<<) are not read; write the keys out\n");
  EXPECT_EQ(faults("a: !!str 1\nb: ! 2\nc: !t [1]\n"),
            "f:1:4: tags (!name) are not read; remove the tag\n"
            "f:2:4: tags (!name) are not read; remove the tag\n"
            "f:3:4: tags (!name) are not read; remove the tag\n");
  EXPECT_EQ(faults("a: 1\n---\nb: 2\n"),
            "f:2:1: a second document begins here; keep one document per file\n");
  EXPECT_EQ(faults("? [a]\n: 1\n? ~\n: 2\n"),
            "f:1:3: a key must be text, and this one is a list\n"
            "f:3:3: a key must be text, and this one is nothing\n");
  EXPECT_EQ(faults("%YAML 1.1\n---\na: 1\n"), "f:1:1: directives (%) are not read; remove the line\n");
}

TEST(StrictYaml, RefusesTabsControlCharactersAndOtherEncodings) {
  EXPECT_EQ(faults("a:\n\tb: 1\n  \tc: 1\n"),
            "f:2:1: a tab is used as indentation; use spaces\n"
            "f:3:3: a tab is used as indentation; use spaces\n");
  EXPECT_EQ(faults("a: x\ty # tabs inside are harmless\n"), "");
  EXPECT_EQ(faults(std::string("a: \0\x1b\n", 6)),
            "f:1:4: control character 0x00 is not allowed; remove it\n"
            "f:1:5: control character 0x1b is not allowed; remove it\n");
  for (const char* bad : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"})
    EXPECT_EQ(faults(std::string("a: ") + bad + "\n"),
              "f:1:4: not UTF-8 text from here on; save the file as UTF-8\n");
  EXPECT_EQ(faults("a: \xe2\x82\xac \xf0\x9f\x98\x80\n"), "");
}

TEST(StrictYaml, SaysWhereTheSyntaxFails) {
  EXPECT_EQ(faults("a: [1, 2\nb: 3\n").substr(0, 4), "f:2:");
  EXPECT_NE(faults("a: >= 9.5 /s\n").find("put a text that begins with > or | in quotes"), std::string::npos);
  // yaml-cpp itself misses a quote that ends with a whole line.
  for (const char* open : {"a: \"x\n", "a: 'x\n", "a: \"x\\\"\n", "a: 'x''\n"})
    EXPECT_EQ(faults(open), "f:1:4: this quote is never closed; close it\n") << open;
  for (const char* open : {"a: \"x", "a: 'x''"})
    EXPECT_EQ(faults(open), "f:1:" + std::to_string(std::string(open).size() + 1) +
                                ": not valid YAML: illegal EOF in scalar\n")
        << open;
  EXPECT_EQ(faults("a: \"x\\\"\"\nb: 'x'''\n"), "");
}

TEST(StrictYaml, LimitsDepthSizeAndNumberOfValues) {
  const std::string deep(kMaxYamlDepth, '[');
  EXPECT_EQ(faults(deep + "1" + std::string(kMaxYamlDepth, ']')), "");
  EXPECT_EQ(faults("[" + deep + "1" + std::string(kMaxYamlDepth + 1, ']')),
            "f:1:33: lists and maps are nested deeper than 32\n");
  EXPECT_EQ(faults(std::string(kMaxYamlBytes + 1, ' ')), "f: larger than 1048576 bytes\n");
  std::string many = "[";
  for (std::size_t i = 0; i < kMaxYamlNodes; ++i) many += "1,";
  EXPECT_NE(faults(many + "]").find("the text holds more than 100000 values\n"), std::string::npos);
}

// 5 s is far above the 0.3 s that such texts take, and far below the time of any quadratic algorithm, which
// would also take 16 times as long as for a text of a quarter, on slow machines too. Processor time, as other
// processes may be busy. 0.1 s is for texts that are refused at once.
TEST(StrictYaml, HostileTextsOfFullSizeAreRefusedInTime) {
  const auto cost = [](const std::string& unit, std::size_t size) {
    std::string text;
    while (text.size() + unit.size() < size) text += unit;
    const auto start = std::clock();
    (void)read_yaml(text, "f");
    return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  };
  for (const std::string unit :
       {"[", "{", "- ", "[a,", "\"", "{a: ", "- a\n", "&a ", "|\n", "\"a\":\n", "\xc3\xa9: ,"}) {
    const double quarter_s = cost(unit, kMaxYamlBytes / 4);
    const double whole_s = cost(unit, kMaxYamlBytes);
    EXPECT_LT(whole_s, 5) << unit;
    EXPECT_LT(whole_s, 10 * quarter_s + 0.1) << unit << ": a quarter takes " << quarter_s;
  }
}

TEST(StrictYaml, FilesThatCannotBeReadAreErrors) {
  const auto missing = read_text_file("no-such-file.yaml");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "cannot be read: No such file or directory");
  EXPECT_FALSE(read_text_file("."));
  EXPECT_EQ(read_text_file("/dev/zero").error().message, "larger than 1048576 bytes");
}

TEST(YamlPath, ParsesKeysAndIndices) {
  const auto path = parse_path("network.links[12].delay");
  ASSERT_TRUE(path);
  EXPECT_EQ(row_of(*path), "network.links[].delay");
  EXPECT_EQ(std::get<std::size_t>((*path)[2]), 12U);
  EXPECT_EQ(parent_path("network.links[12].delay"), "network.links[12]");
  EXPECT_EQ(parent_path("network.links[12]"), "network.links");
  for (const char* bad : {"", ".", "a.", ".a", "a..b", "[0]", "a[", "a[]", "a[-1]", "a[x]", "a[0]b", "a[0",
                          "a[99999999999999999999]"})
    EXPECT_FALSE(parse_path(bad)) << bad;
}

}  // namespace
}  // namespace millrace
