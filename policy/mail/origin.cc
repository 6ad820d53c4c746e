#include "policy/mail/origin.h"

#include <algorithm>
#include <array>
#include <optional>

#include "policy/base/text.h"
#include "policy/mail/cfws.h"
#include "policy/mail/list_fields.h"

namespace postern {

namespace {

using Header = std::span<const HeaderField>;

const HeaderField* find(Header header, std::string_view name) {
  const auto at = std::find_if(header.begin(), header.end(), [&](const HeaderField& field) { return field.is(name); });
  return at == header.end() ? nullptr : &*at;
}

bool has(Header header, std::string_view name) { return find(header, name) != nullptr; }

// The first word of a value, comments and parameters left out, in lower case.
std::string first_word(std::string_view value) {
  value = value.substr(skip_cfws(value, 0));
  return ascii_lower(value.substr(0, value.find_first_of(" \t;(")));
}

bool any_says(Header header, std::string_view name, std::string_view word) {
  return std::any_of(header.begin(), header.end(),
                     [&](const HeaderField& field) { return field.is(name) && first_word(field.unfolded()) == word; });
}

bool any_other_than_no(Header header, std::string_view name) {
  return std::any_of(header.begin(), header.end(), [&](const HeaderField& field) {
    if (!field.is(name)) return false;
    const std::string word = first_word(field.unfolded());
    return !word.empty() && word != "no";
  });
}

std::optional<Mailbox> mailbox(std::string_view text) {
  Path path = Path::parse(trim(text));
  if (!path.mailbox || !path.mailbox->domain) return std::nullopt;
  return std::move(path.mailbox);
}

const Mailbox* first_mailbox(const std::vector<AddressList>& fields) {
  for (const AddressList& field : fields) {
    for (const HeaderAddress& address : field.addresses) {
      if (address.mailbox) return &*address.mailbox;
    }
  }
  return nullptr;
}

// What parameter `wanted` of a Content-Type says (RFC 2045 5.1), in lower case.
std::string parameter(std::string_view value, std::string_view wanted) {
  std::size_t at = value.find(';');
  while (at != std::string_view::npos) {
    at = skip_cfws(value, at + 1);
    const std::size_t equals = value.find_first_of("=;", at);
    if (equals == std::string_view::npos) break;
    if (value[equals] == ';') {
      at = equals;
      continue;
    }
    const std::string_view key = trim(value.substr(at, equals - at));
    at = skip_cfws(value, equals + 1);
    const bool quoted = at < value.size() && value[at] == '"';
    const std::size_t begin = quoted ? at + 1 : at;
    const std::size_t end = std::min(value.find_first_of(quoted ? "\"" : "; \t(", begin), value.size());
    if (ascii_iequals(key, wanted)) return ascii_lower(value.substr(begin, end - begin));
    at = value.find(';', end);
  }
  return {};
}

bool is_report(Header header) {
  const HeaderField* field = find(header, "Content-Type");
  if (field == nullptr) return false;
  const std::string value = field->unfolded();
  if (first_word(value) != "multipart/report") return false;
  const std::string type = parameter(value, "report-type");
  // local: RFC 6522 3 demands the type, and some MTAs leave it out. Other reports (abuse, TLS) are no DSN.
  return type.empty() || type == "delivery-status" || type == "disposition-notification" ||
         type == "global-delivery-status" || type == "global-disposition-notification";  // RFC 6533 4, 6
}

bool is_dsn(const Path& sender, Header header, const HeaderAddresses& addresses) {
  if (!sender.null) return false;
  if (is_report(header) || has(header, "X-Failed-Recipients")) return true;  // local: Exim before 4.88
  const Mailbox* author = first_mailbox(addresses.from);
  if (author == nullptr) return false;
  const std::string local = ascii_lower(author->local);
  return local == "mailer-daemon" || local == "postmaster";  // local: MTAs from before RFC 3464, qmail, Domino
}

// `SRS0=HHHH=TT=domain=local`, `SRS1=HHHH=domain==…`: the separator is `=`, `+` or `-`.
bool is_srs(std::string_view local) {
  return local.size() > 5 && (ascii_iequals(local.substr(0, 4), "SRS0") || ascii_iequals(local.substr(0, 4), "SRS1")) &&
         std::string_view("=+-").find(local[4]) != std::string_view::npos;
}

// `user+caf_=to=domain` of Gmail: the user.
std::optional<Mailbox> gmail_forwarder(const Mailbox& sender) {
  const std::size_t tag = sender.local.find("+caf_=");
  if (tag == 0 || tag == std::string::npos) return std::nullopt;
  return Mailbox{.local = sender.local.substr(0, tag), .domain = sender.domain, .literal = {}};
}

// `prvs=KDDDSSSSSS=local` of BATV, and `prvs=local=KDDDSSSSSS` of its first drafts: the local part.
std::string without_batv(const std::string& local) {
  if (!ascii_iequals(std::string_view(local).substr(0, 5), "prvs=")) return local;
  const std::size_t equals = local.find('=', 5);
  if (equals == std::string::npos || equals == 5 || equals + 1 == local.size()) return local;
  const auto is_tag = [](std::string_view text) {
    return text.size() == 10 && text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
  };
  const std::string first = local.substr(5, equals - 5);
  const std::string rest = local.substr(equals + 1);
  return is_tag(rest) && !is_tag(first) ? first : rest;
}

// The mailbox that sent the message on, as the header has it. `list`: what it says of a list.
std::optional<Mailbox> forwarder(const Path& sender, Header header, const HeaderAddresses& addresses,
                                 const ListFields& list) {
  for (const HeaderField& field : header) {
    if (field.is("Delivered-To")) {  // the first is the newest
      std::optional<Mailbox> box = mailbox(field.unfolded());
      // local: a list keeps the field of the delivery to itself.
      if (box && !list.is_own(*box->domain)) return box;
    }
    if (field.is("X-Forwarded-For")) {  // `forwarder recipient …`; webmail writes addresses of browsers there
      const std::string value = field.unfolded();
      if (auto box = mailbox(std::string_view(value).substr(0, value.find_first_of(" \t,")))) return box;
    }
  }
  const Mailbox* resent = first_mailbox(addresses.resent_from);
  if (resent == nullptr) return std::nullopt;
  // local: lists resend as well (SmartList), but not under a subscriber's reverse-path.
  if (list.is_list && !(sender.mailbox && *sender.mailbox == *resent)) return std::nullopt;
  return *resent;
}

std::optional<std::string> find_forward(const Path& sender, Header header, const HeaderAddresses& addresses,
                                        const ListFields& list) {
  const Mailbox* path = sender.mailbox ? &*sender.mailbox : nullptr;
  if (path != nullptr) {
    if (const auto gmail = gmail_forwarder(*path)) return gmail->text();
  }
  if (const auto box = forwarder(sender, header, addresses, list)) return box->text();
  const bool srs = path != nullptr && is_srs(path->local);
  const HeaderField* to = find(header, "X-Forwarded-To");
  if (!srs && !(to != nullptr && mailbox(to->unfolded()))) return std::nullopt;
  if (path == nullptr) return std::string();
  return srs && path->domain ? path->domain->text() : path->text();
}

// The sender, or who wrote it.
std::string answerable(const Path& sender, const HeaderAddresses& addresses) {
  if (sender.mailbox) {
    Mailbox box = *sender.mailbox;
    box.local = without_batv(box.local);
    return box.text();
  }
  const Mailbox* author = first_mailbox(addresses.from);
  return author != nullptr ? author->text() : std::string();
}

bool is_auto_reply(const Path& sender, Header header) {
  return sender.null || any_other_than_no(header, "Auto-Submitted") || any_other_than_no(header, "X-Autoreply") ||
         any_other_than_no(header, "X-Autorespond") || any_says(header, "Precedence", "auto_reply");
}

}  // namespace

std::string_view name(Origin origin) {
  switch (origin) {
    case Origin::direct: return "direct";
    case Origin::forward: return "forward";
    case Origin::list: return "list";
    case Origin::auto_reply: return "auto-reply";
    case Origin::dsn: return "dsn";
  }
  return "";
}

OriginFound find_origin(const Path& sender, std::span<const HeaderField> header, const HeaderAddresses& addresses) {
  if (is_dsn(sender, header, addresses)) return {Origin::dsn, {}};
  const ListFields list = read_list_fields(header);
  if (auto account = find_forward(sender, header, addresses, list)) return {Origin::forward, std::move(*account)};
  std::string account = answerable(sender, addresses);
  if (list.is_list) return {Origin::list, list.account.empty() ? std::move(account) : list.account};
  if (is_auto_reply(sender, header)) return {Origin::auto_reply, std::move(account)};
  return {Origin::direct, std::move(account)};
}

}  // namespace postern
