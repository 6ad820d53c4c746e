#include "milter/apply.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "policy/base/text.h"
#include "policy/mail/field_value.h"

namespace postern {

namespace {

constexpr std::size_t kMaxValueBytes = 60'000;  // Postfix cuts what is longer (PLATFORM 3)
constexpr std::size_t kMaxReasonBytes = 200;    // local

// libmilter takes text that it does not change as char*.
char* plain(const std::string& text) { return const_cast<char*>(text.c_str()); }

// FAULTS M15: Postfix repairs a broken value in its own way, so nothing is left to it.
bool is_field_value(const std::string& value) {
  if (value.size() > kMaxValueBytes) return false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto c = static_cast<unsigned char>(value[i]);
    if (c == '\n') {
      const bool folds = i + 1 < value.size() && (value[i + 1] == ' ' || value[i + 1] == '\t');  // RFC 5322 2.2.3
      if (!folds) return false;
    } else if ((c < 0x20 && c != '\t') || c == 0x7f) {
      return false;
    }
  }
  return true;
}

unsigned long action_of(const Edit& edit) {
  return edit.kind == Edit::Kind::delete_header ? SMFIF_CHGHDRS : SMFIF_ADDHDRS;
}

int send(SMFICTX* context, const Edit& edit, const std::string& value) {
  switch (edit.kind) {
    case Edit::Kind::add_header: return smfi_addheader(context, plain(edit.name), plain(value));
    case Edit::Kind::insert_header: return smfi_insheader(context, edit.index, plain(edit.name), plain(value));
    case Edit::Kind::delete_header: return smfi_chgheader(context, plain(edit.name), edit.index, nullptr);
  }
  return MI_FAILURE;
}

}  // namespace

std::vector<Edit> in_order(std::vector<Edit> edits) {
  const auto others = std::stable_partition(edits.begin(), edits.end(),
                                            [](const Edit& e) { return e.kind == Edit::Kind::delete_header; });
  std::stable_sort(edits.begin(), others, [](const Edit& a, const Edit& b) { return a.index > b.index; });
  return edits;
}

bool is_sound(const Edit& edit) {
  if (!is_field_name(edit.name)) return false;
  if (edit.kind == Edit::Kind::delete_header) return edit.index >= 1;
  return edit.index >= 0 && is_field_value(edit.value);
}

std::string wire_value(const std::string& value, bool leading_space) {
  const std::size_t begin = std::min(value.find_first_not_of(" \t"), value.size());
  return (leading_space ? " " : "") + value.substr(begin);
}

Applied apply(SMFICTX* context, const Terms& terms, std::vector<Edit> edits, const FaultPlan& fault) {
  Applied applied;
  for (const Edit& edit : in_order(std::move(edits))) {
    if (!is_sound(edit)) {
      applied.unsound.push_back(edit.name);
      continue;
    }
    if ((terms.actions & action_of(edit)) == 0) {
      ++applied.not_offered;
      continue;
    }
    if (send(context, edit, wire_value(edit.value, terms.leading_space())) != MI_SUCCESS || fault.at("edit")) {
      applied.complete = false;
      return applied;
    }
  }
  return applied;
}

bool quarantine(SMFICTX* context, const std::string& reason) {
  std::string line = printable(reason, kMaxReasonBytes);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  if (line.empty()) line = "held by policy";
  return smfi_quarantine(context, plain(line)) == MI_SUCCESS;
}

}  // namespace postern
