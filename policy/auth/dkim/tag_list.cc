#include "policy/auth/dkim/tag_list.h"

#include <algorithm>

#include "policy/base/text.h"

namespace postern::dkim {

namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_tag_name(std::string_view name) {  // RFC 6376 3.2: ALPHA *ALNUMPUNC
  if (name.empty() || !is_letter(name.front())) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

bool is_tag_value(std::string_view value) {  // RFC 6376 3.2, RFC 8616 4
  return std::all_of(value.begin(), value.end(),
                     [](char c) { return is_blank(c) || (static_cast<unsigned char>(c) > 0x20 && c != 0x7f); });
}

}  // namespace

std::optional<TagList> TagList::parse(std::string_view text) {
  if (text.size() > kMostTagListBytes) return std::nullopt;
  TagList list;
  list.tags_.reserve(16);
  while (!text.empty()) {
    const std::string_view spec = text.substr(0, text.find(';'));
    text.remove_prefix(std::min(text.size(), spec.size() + 1));
    if (trim(spec).empty()) {  // local: RFC 6376 3.2 allows it at the end only; nothing can hide in it
      list.has_gap_ = list.has_gap_ || !trim(text).empty();
      continue;
    }
    const std::size_t equals = spec.find('=');
    if (equals == std::string_view::npos || list.tags_.size() == kMostTags) return std::nullopt;
    const std::string_view whole = spec.substr(equals + 1);
    const Tag tag{trim(spec.substr(0, equals)), trim(whole), whole};
    if (!is_tag_name(tag.name) || !is_tag_value(tag.value) || list.find(tag.name)) return std::nullopt;
    list.tags_.push_back(tag);
  }
  if (list.tags_.empty()) return std::nullopt;
  return list;
}

std::optional<std::string_view> TagList::find(std::string_view name) const {
  for (const Tag& tag : tags_)
    if (tag.name == name) return tag.value;
  return std::nullopt;
}

std::vector<std::string_view> colon_list(std::string_view value) {
  std::vector<std::string_view> parts = split(value, ':');
  for (std::string_view& part : parts) part = trim(part);
  return parts;
}

}  // namespace postern::dkim
