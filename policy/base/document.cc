#include "policy/base/document.h"

namespace postern {

const Node* Node::find(std::string_view key) const {
  for (const auto& [name, value] : entries) {
    if (name.text == key) return &value;
  }
  return nullptr;
}

Place Node::at(std::size_t offset) const {
  Place place = where;
  std::size_t start = 0;
  for (const Run& run : runs) {
    if (run.offset > offset) break;
    start = run.offset;
    place.line = run.line;
    place.column = run.column;
  }
  // Columns count characters as an editor shows them: UTF-8 continuation bytes have none.
  for (std::size_t i = start; i < offset && i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) ++place.column;
  }
  return place;
}

std::string_view Node::describe() const {
  switch (kind) {
    case Kind::null: return "nothing";
    case Kind::scalar: return "a text";
    case Kind::list: return "a list";
    case Kind::map: return "a map";
  }
  return "";
}

}  // namespace postern
