#include "tests/support/fake_libmilter.h"

#include <algorithm>
#include <cstdarg>
#include <cstring>

namespace {

using Moment = smfi_str::Moment;

constexpr std::size_t kMaxLineBytes = 980;  // libmilter's MAXREPLYLEN
constexpr std::size_t kMaxLines = 32;       // libmilter's MAXREPLIES

smfiDesc the_callbacks;

int wrong(SMFICTX* context, std::string what) {
  context->wrongs.push_back(std::move(what));
  return MI_FAILURE;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// RFC 3463 2, as libmilter's myisenhsc() has it.
bool is_status(std::string_view text) {
  if (text.size() < 5 || (text[0] != '4' && text[0] != '5') || text[1] != '.') return false;
  const std::size_t dot = text.find('.', 2);
  if (dot == std::string_view::npos) return false;
  const auto is_number = [](std::string_view part) {
    return !part.empty() && part.size() <= 3 && std::all_of(part.begin(), part.end(), is_digit);
  };
  return is_number(text.substr(2, dot - 2)) && is_number(text.substr(dot + 1));
}

int set_reply(SMFICTX* context, const char* code, const char* status, std::vector<std::string> lines) {
  if (context->moment == Moment::none || context->moment == Moment::negotiation)
    return wrong(context, "a reply outside a step");
  const std::string_view c = code == nullptr ? "" : code;
  if (c.size() != 3 || !std::all_of(c.begin(), c.end(), is_digit) || (c[0] != '4' && c[0] != '5'))
    return wrong(context, "reply code");
  if (status == nullptr || !is_status(status)) return wrong(context, "reply status");
  if (status[0] != c[0]) return wrong(context, "reply code and status disagree");  // FAULTS M6
  if (lines.empty() || lines.size() > kMaxLines) return wrong(context, "number of reply lines");
  for (const std::string& line : lines) {
    if (line.empty() || line.size() > kMaxLineBytes) return wrong(context, "length of a reply line");
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (line[i] < ' ' || line[i] > '~') return wrong(context, "byte in a reply");          // FAULTS M16
      if (line[i] == '%' && line[++i] != '%') return wrong(context, "single % in a reply");  // FAULTS M5
    }
  }
  context->reply = smfi_str::Reply{std::string(c), status, std::move(lines)};
  return MI_SUCCESS;
}

bool may_edit(SMFICTX* context, unsigned long action) {
  if (context->moment != Moment::end_of_message) return wrong(context, "an edit before end-of-message"), false;
  if ((context->actions & action) == 0) return wrong(context, "an edit that was not agreed on"), false;
  if (context->edits_until_failure == 0) return false;
  if (context->edits_until_failure > 0) --context->edits_until_failure;
  return true;
}

}  // namespace

namespace postern::test {

const smfiDesc& registered_callbacks() { return the_callbacks; }

}  // namespace postern::test

extern "C" {

int smfi_register(struct smfiDesc description) {
  the_callbacks = description;
  return MI_SUCCESS;
}

void* smfi_getpriv(SMFICTX* context) { return context->priv; }

int smfi_setpriv(SMFICTX* context, void* priv) {
  context->priv = priv;
  return MI_SUCCESS;
}

char* smfi_getsymval(SMFICTX* context, char* name) {
  for (auto& [key, value] : context->macros) {
    if (key == name) return value.data();
  }
  return nullptr;
}

int smfi_setsymlist(SMFICTX* context, int stage, char* macros) {
  if (context->moment != Moment::negotiation) return wrong(context, "macros outside negotiation");
  if (stage < SMFIM_FIRST || stage > SMFIM_LAST || macros == nullptr || *macros == '\0')
    return wrong(context, "list of macros");
  return MI_SUCCESS;
}

int smfi_setreply(SMFICTX* context, char* code, char* status, char* text) {
  return set_reply(context, code, status, {text == nullptr ? "" : text});
}

int smfi_setmlreply(SMFICTX* context, const char* code, const char* status, ...) {
  std::vector<std::string> lines;
  va_list rest;
  va_start(rest, status);
  while (const char* const line = va_arg(rest, const char*)) lines.emplace_back(line);
  va_end(rest);
  return set_reply(context, code, status, std::move(lines));
}

int smfi_addheader(SMFICTX* context, char* name, char* value) {
  if (!may_edit(context, SMFIF_ADDHDRS)) return MI_FAILURE;
  context->changes.push_back("add " + std::string(name) + ":" + value);
  return MI_SUCCESS;
}

int smfi_insheader(SMFICTX* context, int index, char* name, char* value) {
  if (!may_edit(context, SMFIF_ADDHDRS)) return MI_FAILURE;
  context->changes.push_back("insert " + std::to_string(index) + " " + name + ":" + value);
  return MI_SUCCESS;
}

int smfi_chgheader(SMFICTX* context, char* name, int index, char* value) {
  if (!may_edit(context, SMFIF_CHGHDRS)) return MI_FAILURE;
  if (value != nullptr) return wrong(context, "a header field changed in place");
  context->changes.push_back("delete " + std::string(name) + " " + std::to_string(index));
  return MI_SUCCESS;
}

int smfi_quarantine(SMFICTX* context, char* reason) {
  if (!may_edit(context, SMFIF_QUARANTINE)) return MI_FAILURE;
  context->changes.push_back("quarantine " + std::string(reason));
  return MI_SUCCESS;
}

int smfi_progress(SMFICTX* context) {
  // PLATFORM 2: anywhere else Sendmail takes it for the answer.
  if (context->moment != Moment::end_of_message) return wrong(context, "progress before end-of-message");
  return MI_SUCCESS;
}

int smfi_main() { return MI_FAILURE; }
int smfi_opensocket(bool) { return MI_FAILURE; }
int smfi_setbacklog(int) { return MI_SUCCESS; }
int smfi_setconn(char*) { return MI_FAILURE; }
std::size_t smfi_setmaxdatasize(std::size_t size) { return size; }
int smfi_settimeout(int) { return MI_SUCCESS; }

}  // extern "C"
