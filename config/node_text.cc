#include "config/node_text.h"

#include <fmt/format.h>

namespace postern::config {

namespace {

void append(const Node& node, std::string& out) {
  switch (node.kind) {
    case Node::Kind::null: out += '~'; return;
    case Node::Kind::scalar: out += fmt::format("{}:{}", node.text.size(), node.text); return;
    case Node::Kind::list:
      out += '[';
      for (const Node& item : node.items) append(item, out);
      out += ']';
      return;
    case Node::Kind::map:
      out += '{';
      for (const auto& entry : node.entries) {
        append(entry.first, out);
        append(entry.second, out);
      }
      out += '}';
      return;
  }
}

}  // namespace

std::string text_of(const Node& node) {
  std::string out;
  append(node, out);
  return out;
}

}  // namespace postern::config
