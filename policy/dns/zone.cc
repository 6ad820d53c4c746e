#include "policy/dns/zone.h"

namespace postern::dns {

namespace {

// The name above `name`, "" for the root; nothing above the root. Dots within labels are escaped and do not part them.
std::optional<std::string_view> above(std::string_view name) {
  if (name.empty()) return std::nullopt;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '\\')
      ++i;
    else if (name[i] == '.')
      return name.substr(i + 1);
  }
  return std::string_view();
}

}  // namespace

Zone::Node& Zone::make_owner(const std::string& name, bool exists) {
  Node& owner = nodes_[name];
  owner.owner = true;
  if (!exists) return owner;
  owner.exists = true;
  for (auto up = above(name); up; up = above(*up)) {
    Node& between = nodes_[std::string(*up)];
    if (between.exists) break;
    between.exists = true;
  }
  return owner;
}

const Zone::Node* Zone::node(std::string_view name) const {
  const auto found = nodes_.find(name);
  return found == nodes_.end() ? nullptr : &found->second;
}

Zone::Found Zone::find(std::string_view name, Type type) const {
  const auto number = static_cast<std::uint16_t>(type);
  const auto fault_of = [number](const Node& at) {
    const auto typed = at.type_faults.find(number);
    return typed == at.type_faults.end() ? at.fault : std::optional(typed->second);
  };
  Found found;
  const Node* at = node(name);
  if (at != nullptr) found.fault = fault_of(*at);
  if (found.fault) return found;
  if (at == nullptr || !at->exists) {  // RFC 4592 3.3.1: the wildcard below the closest encloser
    at = nullptr;
    for (auto up = above(name); up; up = above(*up)) {
      const Node* encloser = node(*up);
      const Node* wildcard = node(up->empty() ? std::string("*") : "*." + std::string(*up));
      const bool exists = encloser != nullptr && encloser->exists;
      if (wildcard != nullptr && (exists || !wildcard->exists)) {
        found.fault = fault_of(*wildcard);
        if (found.fault) return found;
        at = wildcard->exists ? wildcard : nullptr;
      }
      if (exists) break;
    }
    if (at == nullptr) return found;
  }
  found.status = Status::nodata;
  for (const ZoneRecord& record : at->records) {
    if (record.type == number) found.records.push_back(&record);
    if (record.type == static_cast<std::uint16_t>(Type::cname) && found.cname == nullptr) found.cname = &record;
  }
  if (!found.records.empty()) {
    found.status = Status::ok;
    found.cname = nullptr;
  }
  return found;
}

bool Zone::covers(std::string_view name) const {
  for (std::optional<std::string_view> up = name; up; up = above(*up)) {
    const Node* at = node(*up);
    if (at != nullptr && at->owner) return true;
    const Node* wildcard = node(up->empty() ? std::string("*") : "*." + std::string(*up));
    if (wildcard != nullptr && wildcard->owner && *up != name) return true;
  }
  return false;
}

}  // namespace postern::dns
