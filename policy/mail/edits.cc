#include "policy/mail/edits.h"

#include <algorithm>
#include <map>
#include <string>

#include "policy/base/text.h"

namespace postern {

namespace {

bool is_deleted(std::span<const Edit> edits, const HeaderField& field, int index) {
  return std::any_of(edits.begin(), edits.end(), [&](const Edit& e) {
    return e.kind == Edit::Kind::delete_header && e.index == index && field.is(e.name);
  });
}

}  // namespace

std::vector<HeaderField> with_edits(std::span<const HeaderField> header, std::span<const Edit> edits) {
  std::vector<HeaderField> fields;
  for (auto edit = edits.rbegin(); edit != edits.rend(); ++edit) {
    if (edit->kind == Edit::Kind::insert_header) fields.push_back({edit->name, " " + edit->value});
  }
  std::map<std::string, int> seen;
  for (const HeaderField& field : header) {
    if (!is_deleted(edits, field, ++seen[ascii_lower(trim(field.name))])) fields.push_back(field);
  }
  for (const Edit& edit : edits) {
    if (edit.kind == Edit::Kind::add_header) fields.push_back({edit.name, " " + edit.value});
  }
  return fields;
}

}  // namespace postern
