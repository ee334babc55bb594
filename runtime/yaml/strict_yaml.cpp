#include "runtime/yaml/strict_yaml.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <unordered_map>

#include "runtime/base/read_file.hpp"

namespace millrace {
namespace {

// Thrown through yaml-cpp to end its recursion.
struct TooMuch {
  YamlMark mark;
  std::string message;
};

class TreeBuilder final : public YAML::EventHandler {
 public:
  // All three must outlive the builder.
  TreeBuilder(const YamlText& text, const std::string& name, std::vector<Problem>& problems)
      : text_(text), name_(name), problems_(problems), root_(node(YamlNode::Kind::nothing, {1, 1})) {}

  YamlNode take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check_anchor(mark, anchor);
    add(node(YamlNode::Kind::nothing, text_.place_of_nothing(static_cast<std::size_t>(mark.pos))));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    report(place(mark), "aliases (*name) are not read; write the value out");
    add(node(YamlNode::Kind::refused, place(mark)));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_anchor(mark, anchor);
    const bool quoted = tag == "!" && text_.opens_quoted(static_cast<std::size_t>(mark.pos));
    if (!quoted && tag != "?") {
      report(place(mark), "tags (!name) are not read; remove the tag");
      return add(node(YamlNode::Kind::refused, place(mark)));
    }
    if (quoted && !text_.closes_quoted(static_cast<std::size_t>(mark.pos)))
      report(place(mark), "this quote is never closed; close it");  // yaml-cpp lets it end with the file
    YamlNode scalar = node(YamlNode::Kind::text, place(mark));
    scalar.text = value;
    scalar.quoted = quoted;
    add(std::move(scalar));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::list);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::map);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    YamlNode node;
    bool awaits_value = false;  // of a map: the key has been read
    bool drop_value = false;    // its key was refused
    std::string key;
    YamlMark key_mark;
    std::unordered_map<std::string, int> line_of_key;
  };

  static YamlNode node(YamlNode::Kind kind, YamlMark mark) {
    YamlNode made;
    made.kind = kind;
    made.mark = mark;
    return made;
  }
  YamlMark place(const YAML::Mark& mark) const { return text_.place(static_cast<std::size_t>(mark.pos)); }
  void report(YamlMark mark, std::string message) {
    problems_.push_back({name_, mark.line, mark.column, std::move(message)});
  }
  void check_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0)
      report(place(mark), "anchors (&name) are not read; write the value out where it is needed");
  }
  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlNode::Kind kind) {
    if (frames_.size() >= kMaxYamlDepth)
      throw TooMuch{place(mark), fmt::format("lists and maps are nested deeper than {}", kMaxYamlDepth)};
    count(place(mark));
    check_anchor(mark, anchor);
    if (tag != "?") report(place(mark), "tags (!name) are not read; remove the tag");
    frames_.emplace_back();
    frames_.back().node = node(kind, place(mark));
  }
  void close() {
    YamlNode finished = std::move(frames_.back().node);
    frames_.pop_back();
    put(std::move(finished));
  }
  void add(YamlNode added) {
    count(added.mark);
    put(std::move(added));
  }
  void count(YamlMark mark) {
    if (++nodes_ > kMaxYamlNodes)
      throw TooMuch{mark, fmt::format("the text holds more than {} values", kMaxYamlNodes)};
  }

  void put(YamlNode read) {
    if (frames_.empty()) {
      root_ = std::move(read);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.kind == YamlNode::Kind::list) {
      frame.node.items.push_back(std::move(read));
    } else if (!frame.awaits_value) {
      take_key(frame, std::move(read));
    } else {
      frame.awaits_value = false;
      if (read.kind == YamlNode::Kind::nothing) read.mark = frame.key_mark;
      if (!frame.drop_value) frame.node.entries.push_back({frame.key, frame.key_mark, std::move(read)});
    }
  }
  void take_key(Frame& frame, YamlNode read) {
    frame.awaits_value = true;
    frame.drop_value = true;
    if (read.kind == YamlNode::Kind::refused) return;
    if (read.kind != YamlNode::Kind::text) {
      return report(read.mark, fmt::format("a key must be text, and this one is {}", kind_name(read.kind)));
    }
    if (read.text == "<<" && !read.quoted)
      return report(read.mark, "merge keys (<<) are not read; write the keys out");
    const auto [first, is_new] = frame.line_of_key.emplace(read.text, read.mark.line);
    if (!is_new) {
      return report(
          read.mark,
          fmt::format("duplicate key \"{}\": it was given in line {} already; remove one of the two",
                      shown(read.text), first->second));
    }
    frame.drop_value = false;
    frame.key = std::move(read.text);
    frame.key_mark = read.mark;
  }

  const YamlText& text_;
  const std::string& name_;
  std::vector<Problem>& problems_;
  std::vector<Frame> frames_;
  YamlNode root_;
  std::size_t nodes_ = 0;
};

// Finds out whether and where a second document begins.
struct SecondDocument final : YAML::EventHandler {
  std::optional<YAML::Mark> start;
  void OnDocumentStart(const YAML::Mark& mark) override { start = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
  }
  void OnMapEnd() override {}
};

std::string explain_syntax(const std::string& finding) {
  if (finding.find("block scalar") != std::string::npos)
    return fmt::format("not valid YAML: {}; put a text that begins with > or | in quotes", finding);
  return fmt::format("not valid YAML: {}", finding);
}

// Returns whether the text was read to its end.
bool parse(const YamlText& text, const std::string& name, TreeBuilder& builder,
           std::vector<Problem>& problems) {
  const auto place = [&](const YAML::Mark& mark) {
    return text.place(mark.pos < 0 ? 0 : static_cast<std::size_t>(mark.pos));
  };
  const auto report = [&](YamlMark at, std::string message) {
    problems.push_back({name, at.line, at.column, std::move(message)});
  };
  try {
    std::istringstream stream{std::string(text.text())};
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return true;
    SecondDocument second;
    parser.HandleNextDocument(second);
    if (second.start)
      report(place(*second.start), "a second document begins here; keep one document per file");
    return true;
  } catch (const TooMuch& stop) {
    report(stop.mark, stop.message);
  } catch (const YAML::Exception& error) {
    report(place(error.mark), explain_syntax(error.msg));
  } catch (const std::exception& error) {  // yaml-cpp has thrown std::out_of_range and its like before
    report({1, 1}, explain_syntax(error.what()));
  }
  return false;
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  const auto found =
      std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.key == key; });
  return found == entries.end() ? nullptr : &found->value;
}

YamlNode* YamlNode::find(std::string_view key) {
  return const_cast<YamlNode*>(std::as_const(*this).find(key));
}

std::string_view kind_name(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::nothing:
      return "nothing";
    case YamlNode::Kind::text:
      return "text";
    case YamlNode::Kind::list:
      return "a list";
    case YamlNode::Kind::map:
      return "a map";
    case YamlNode::Kind::refused:
      break;
  }
  return "refused";
}

YamlDocument read_yaml(std::string_view text, const std::string& name) {
  YamlDocument document;
  if (text.size() > kMaxYamlBytes) {
    document.problems.push_back({name, 0, 0, fmt::format("larger than {} bytes", kMaxYamlBytes)});
    return document;
  }
  const YamlText source(text);
  document.problems = source.problems(name);
  if (!document.problems.empty()) return document;  // yaml-cpp would only report them again
  TreeBuilder builder(source, name, document.problems);
  if (parse(source, name, builder, document.problems)) document.root = builder.take_root();
  std::stable_sort(document.problems.begin(), document.problems.end(), [](const auto& a, const auto& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  return document;
}

Result<std::string> read_text_file(const std::string& path) { return read_file(path, kMaxYamlBytes); }

}  // namespace millrace
