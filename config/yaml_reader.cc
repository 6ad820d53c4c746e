#include "config/yaml_reader.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <istream>
#include <streambuf>
#include <unordered_map>
#include <vector>

#include "config/read_file.h"
#include "config/source_text.h"
#include "config/yaml_hints.h"
#include "policy/base/text.h"

namespace postern::config {

namespace {

/// What ends the reading at once.
struct Refused {
  Place where;
  std::string message;
  std::string hint;
};

/// A stream over a text that stays where it is.
class ViewStream : private std::streambuf, public std::istream {
 public:
  explicit ViewStream(std::string_view text) : std::istream(static_cast<std::streambuf*>(this)) {
    char* begin = const_cast<char*>(text.data());  // a get area is never written to
    setg(begin, begin, begin + text.size());
  }
};

/// Builds the tree from yaml-cpp's events.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const SourceText& source, Problems& problems) : source_(source), problems_(problems) {
    root_.where = source.place(0);  // of an empty document
  }

  Node take() { return std::move(root_); }
  /// The first character of the innermost list or map that is not closed yet.
  std::optional<Place> open_since() const {
    return open_.empty() ? std::nullopt : std::optional(open_.back().node.where);
  }
  /// A line on which `{x}` was already told.
  int told_line() const { return told_line_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1)
      throw Refused{at(mark), "a second document begins", "one file is one document: take the \"---\" line out"};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    Node node;
    std::size_t offset = source_.offset(mark.line, mark.column);
    const std::string_view rest = source_.text().substr(offset);
    if (ascii_iequals(rest.substr(0, 4), "null")) {  // scalars are text; only ~ and an empty value are nothing
      node.kind = Node::Kind::scalar;
      node.text = rest.substr(0, 4);
    } else if (!rest.starts_with('~')) {  // the mark is that of whatever comes next
      while (offset > 0 && std::string_view(" \t\r\n").find(source_.text()[offset - 1]) != std::string_view::npos)
        --offset;
      if (offset > 0) --offset;
    }
    node.where = source_.place(offset);
    const bool empty = node.is_null() && !rest.starts_with('~');
    if (empty && !open_.empty() && open_.back().key) node.where = open_.back().key->where;
    attach(std::move(node), empty);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refused{at(mark), "aliases are not allowed", "a text that begins with * needs quotes"};
  }
  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    throw Refused{at(mark), "anchors are not allowed", "a text that begins with & needs quotes"};
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& value) override {
    const std::size_t offset = start(mark, tag);
    Node node;
    node.kind = Node::Kind::scalar;
    node.text = value;
    node.where = source_.place(offset);
    const SourceText::Style style = source_.style_at(offset);
    node.quoted = style != SourceText::Style::plain;
    std::size_t end = offset;
    node.runs = source_.runs(offset, style, value, end);
    const bool in_quotes = style == SourceText::Style::single_quoted || style == SourceText::Style::double_quoted;
    if (in_quotes && source_.text().find(source_.text()[offset], std::max(end, offset + 1)) == std::string_view::npos)
      throw Refused{node.where, "a quote is not closed", {}};  // yaml-cpp 0.7 lets it pass behind a line end
    if (!node.quoted) {
      const std::size_t next = source_.text().find_first_not_of(" \t", end);
      node.comment_follows = next != std::string_view::npos && next > end && source_.text()[next] == '#';
    }
    attach(std::move(node), false);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value style) override {
    open(mark, tag, Node::Kind::list, style);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value style) override {
    open(mark, tag, Node::Kind::map, style);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Node node;
    std::optional<Node> key;
    bool drop = false;                             ///< the value of a key that is wrong itself
    bool braces = false;                           ///< { } rather than lines
    bool valueless = false;                        ///< its last entry has a key and nothing else
    std::unordered_map<std::string, int> lines{};  ///< of its keys
  };

  Place at(const YAML::Mark& mark) const { return source_.place(source_.offset(mark.line, mark.column)); }

  std::size_t start(const YAML::Mark& mark, const std::string& tag) const {
    const std::size_t offset = source_.offset(mark.line, mark.column);
    const bool tagged = (tag != "?" && tag != "!") || (offset < source_.text().size() && source_.text()[offset] == '!');
    if (tagged)
      throw Refused{source_.place(offset), "YAML tags are not allowed",
                    "every value is taken as text; a text that begins with ! needs quotes"};
    return offset;
  }

  void open(const YAML::Mark& mark, const std::string& tag, Node::Kind kind, YAML::EmitterStyle::value) {
    const std::size_t offset = start(mark, tag);
    Frame frame;
    frame.node.kind = kind;
    frame.node.where = source_.place(offset);
    frame.braces = offset < source_.text().size() && source_.text()[offset] == '{';
    if (open_.size() >= kMaxDepth)
      throw Refused{frame.node.where, fmt::format("lists and maps are nested over {} deep", kMaxDepth), {}};
    open_.push_back(std::move(frame));
  }

  void close() {
    Frame frame = std::move(open_.back());
    open_.pop_back();
    if (frame.braces && frame.valueless && frame.node.entries.size() == 1) {
      const std::string inner = printable(frame.node.entries.front().first.text, 60);
      problems_.error(frame.node.where, fmt::format("{{{}}} without quotes is a map to YAML, not a text", inner),
                      fmt::format("put the whole text in quotes: \"{{{}}}\"", inner));
      told_line_ = frame.node.where.line;
    }
    attach(std::move(frame.node), false);
  }

  void attach(Node node, bool empty) {
    if (++values_ > kMaxValues) throw Refused{node.where, fmt::format("more than {} values", kMaxValues), {}};
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = open_.back();
    if (frame.node.is_list()) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.key) {
      take_key(frame, std::move(node));
    } else {
      if (!frame.drop) {
        frame.valueless = empty;
        frame.node.entries.emplace_back(std::move(*frame.key), std::move(node));
      }
      frame.key.reset();
      frame.drop = false;
    }
  }

  void take_key(Frame& frame, Node key) {
    if (!key.is_scalar()) {
      problems_.error(key.where, fmt::format("a key is a text, not {}", key.describe()),
                      "a text that begins with { or [ needs quotes");
      frame.drop = true;
    } else if (const auto [first, fresh] = frame.lines.emplace(key.text, key.where.line); !fresh) {
      problems_.error(key.where, fmt::format("\"{}\" stands twice", printable(key.text, 60)),
                      fmt::format("first in line {}", first->second));
      frame.drop = true;
    }
    frame.key = std::move(key);
  }

  const SourceText& source_;
  Problems& problems_;
  Node root_;
  std::vector<Frame> open_;
  std::size_t values_ = 0;
  int documents_ = 0;
  int told_line_ = 0;
};

/// The offset at which more than kMaxDepth lists and maps open in a row; yaml-cpp would read on to the end of the file
/// before it tells.
std::optional<std::size_t> find_bracket_bomb(std::string_view text) {
  std::size_t run = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '[' || c == '{') {
      if (++run > kMaxDepth) return i;
    } else if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
      run = 0;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Node> read_yaml(const std::string& name, std::string_view text, Problems& problems) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const SourceText source(name, text);
  if (text.size() > kMaxFileBytes) return problems.error({name, 0, 0}, "the file is over 4 MiB"), std::nullopt;
  if (const auto bad = find_bad_byte(text)) {
    problems.error(source.place(bad->offset),
                   fmt::format("{} (0x{:02x})", bad->what, static_cast<unsigned char>(text[bad->offset])),
                   "a configuration is UTF-8 text");
    return std::nullopt;
  }
  if (const auto bomb = find_bracket_bomb(text)) {
    problems.error(source.place(*bomb), fmt::format("lists and maps are nested over {} deep", kMaxDepth));
    return std::nullopt;
  }

  Problems found;
  TreeBuilder builder(source, found);
  try {
    ViewStream stream(text);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refused& refused) {
    found.error(refused.where, refused.message, refused.hint);
  } catch (const YAML::ParserException& e) {
    const bool unclosed = e.msg == YAML::ErrorMsg::END_OF_MAP_FLOW || e.msg == YAML::ErrorMsg::END_OF_SEQ_FLOW;
    const Place where = unclosed && builder.open_since() ? *builder.open_since()
                                                         : source.place(source.offset(e.mark.line, e.mark.column));
    if (where.line != builder.told_line()) found.error(where, "this is no YAML: " + e.msg, yaml_hint(e.msg));
  } catch (const std::exception& e) {
    found.error({name, 0, 0}, fmt::format("this cannot be read as YAML: {}", e.what()));
  }
  for (const Problem& p : found.all()) problems.add(p);
  if (!found.usable()) return std::nullopt;
  return builder.take();
}

std::optional<Node> read_yaml_file(const std::string& path, const std::string& name, Problems& problems) {
  std::string why;
  const std::optional<std::string> text = read_file(path, why);
  if (!text) return problems.error({name, 0, 0}, "cannot be read: " + why), std::nullopt;
  return read_yaml(name, *text, problems);
}

}  // namespace postern::config
