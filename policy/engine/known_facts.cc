#include "policy/engine/known_facts.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "policy/base/local_time.h"
#include "policy/base/text.h"
#include "policy/mail/origin.h"

namespace postern {

using rules::FactState;
using rules::Value;

namespace {

/// What a reader may look at.
struct View {
  const Transaction& t;
  const RecipientState* recipient;
  Stage stage;
  std::string_view argument;
};

FactState text_or_absent(const std::string& text) { return text.empty() ? FactState::absent() : FactState::of(text); }

FactState path_fact(const Path& path) {
  if (path.null) return FactState::absent();
  if (path.mailbox) return FactState::of(*path.mailbox);
  return text_or_absent(path.text());
}

FactState local_fact(const Path& path) {
  return path.mailbox ? FactState::of(path.mailbox->local) : FactState::absent();
}

FactState domain_fact(const Path& path) {
  return path.mailbox && path.mailbox->domain ? FactState::of(*path.mailbox->domain) : FactState::absent();
}

FactState client_net(const View& v) {
  if (!v.t.client->ip) return FactState::absent();
  return FactState::of(network_of(*v.t.client->ip).text());
}

FactState client_asn(const View& v) {
  const std::string text = v.t.client->ip ? v.t.policy->site.asn(*v.t.client->ip) : std::string();
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() ? FactState::of(number) : FactState::absent();
}

FactState weekday(const View& v) {
  constexpr std::array<const char*, 7> kDays{"sunday",   "monday", "tuesday", "wednesday",
                                             "thursday", "friday", "saturday"};
  return FactState::of(std::string(kDays[static_cast<std::size_t>(local_time(v.t.unix_time).tm_wday)]));
}

FactState header_values(const View& v) {
  FactState state = FactState::absent();
  for (const HeaderField& field : *v.t.headers) {
    if (field.is(v.argument)) state.values.emplace_back(field.unfolded());
  }
  return state;
}

using Lists = std::vector<AddressList>;

// An address that cannot be read is a value, too: never "no address" (FAULTS T16).
FactState addresses(const Lists& lists) {
  FactState state = FactState::absent();
  for (const AddressList& list : lists) {
    for (const HeaderAddress& address : list.addresses)
      state.values.push_back(address.mailbox ? Value(*address.mailbox) : Value(address.raw));
  }
  return state;
}

FactState domains(const Lists& lists) {
  FactState state = FactState::absent();
  for (const AddressList& list : lists) {
    for (const HeaderAddress& address : list.addresses) {
      if (!address.mailbox)
        state.values.emplace_back(address.raw);
      else if (address.mailbox->domain)
        state.values.emplace_back(*address.mailbox->domain);
    }
  }
  return state;
}

FactState names(const Lists& lists) {
  FactState state = FactState::absent();
  for (const AddressList& list : lists) {
    for (const HeaderAddress& address : list.addresses) {
      if (!address.name.empty()) state.values.emplace_back(address.name);
    }
  }
  return state;
}

FactState recipients_count(const View& v) {
  // Whom the MTA refused itself was never ours to count; whom we refused stays counted, so that the number only grows.
  const auto counts = [](const RecipientState& r) { return !r.by_mta; };
  FactState state =
      FactState::of(static_cast<std::int64_t>(std::count_if(v.t.recipients.begin(), v.t.recipients.end(), counts)));
  if (v.stage < Stage::headers) state.kind = FactState::Kind::at_least;
  return state;
}

FactState all_recipients(const View& v) {
  FactState state = FactState::absent();
  if (v.stage < Stage::headers) return {FactState::Kind::later, {}};
  for (const RecipientState& r : v.t.recipients) {
    if (r.by_mta) continue;
    for (Value& value : path_fact(r.recipient->path).values) state.values.push_back(std::move(value));
  }
  return state;
}

FactState hops(const View& v) {  // RFC 5321 6.3
  const auto received = [](const HeaderField& field) { return ascii_iequals(field.name, "Received"); };
  return FactState::of(static_cast<std::int64_t>(std::count_if(v.t.headers->begin(), v.t.headers->end(), received)));
}

// Of which there is one at most: RFC 5322 3.6, RFC 2045 3. Readers differ on which of two they show.
constexpr std::array<std::string_view, 14> kOnce{
    "Date",       "From",        "Sender",     "Reply-To", "To",           "Cc",           "Bcc",
    "Message-ID", "In-Reply-To", "References", "Subject",  "Content-Type", "MIME-Version", "Content-Transfer-Encoding"};

FactState repeated(const View& v) {
  FactState state = FactState::absent();
  for (const std::string_view once : kOnce) {
    const auto& header = *v.t.headers;
    if (std::count_if(header.begin(), header.end(), [&](const HeaderField& field) { return field.is(once); }) > 1)
      state.values.emplace_back(std::string(once));
  }
  return state;
}

OriginFound origin_of(const View& v) { return find_origin(v.t.sender->path, *v.t.headers, *v.t.addresses); }

struct Reader {
  std::string_view name;
  Stage stage;
  FactState (*read)(const View&);
};

// In the order of the alphabet: looked up by halving.
// clang-format off
constexpr std::array kReaders{
    Reader{"authenticated", Stage::sender, [](const View& v) { return FactState::of(!v.t.sender->login.empty()); }},
    Reader{"client.asn", Stage::connect, client_asn},
    Reader{"client.country", Stage::connect, [](const View& v) { return v.t.client->ip ? text_or_absent(v.t.policy->site.country(*v.t.client->ip)) : FactState::absent(); }},
    Reader{"client.ip", Stage::connect, [](const View& v) { return v.t.client->ip ? FactState::of(*v.t.client->ip) : FactState::absent(); }},
    Reader{"client.name", Stage::connect, [](const View& v) { return text_or_absent(v.t.client->name); }},
    Reader{"client.net", Stage::connect, client_net},
    Reader{"client.ptr", Stage::connect, [](const View& v) { return text_or_absent(v.t.client->ptr); }},
    Reader{"direction", Stage::sender, [](const View& v) { return FactState::of(std::string(name(v.t.direction))); }},
    Reader{"from", Stage::headers, [](const View& v) { return addresses(v.t.addresses->from); }},
    Reader{"from.domain", Stage::headers, [](const View& v) { return domains(v.t.addresses->from); }},
    Reader{"from.name", Stage::headers, [](const View& v) { return names(v.t.addresses->from); }},
    Reader{"header", Stage::headers, header_values},
    Reader{"helo", Stage::sender, [](const View& v) { return text_or_absent(v.t.greeting->helo); }},
    Reader{"hops", Stage::headers, hops},
    Reader{"listener", Stage::connect, [](const View& v) { return text_or_absent(v.t.client->listener); }},
    Reader{"login", Stage::sender, [](const View& v) { return text_or_absent(v.t.sender->login); }},
    Reader{"origin", Stage::headers, [](const View& v) { return FactState::of(std::string(name(origin_of(v).origin))); }},
    Reader{"origin.account", Stage::headers, [](const View& v) { return text_or_absent(origin_of(v).account); }},
    Reader{"recipient", Stage::recipient, [](const View& v) { return v.recipient ? path_fact(v.recipient->recipient->path) : FactState::absent(); }},
    Reader{"recipient.domain", Stage::recipient, [](const View& v) { return v.recipient ? domain_fact(v.recipient->recipient->path) : FactState::absent(); }},
    Reader{"recipient.local", Stage::recipient, [](const View& v) { return v.recipient ? local_fact(v.recipient->recipient->path) : FactState::absent(); }},
    Reader{"recipients", Stage::recipient, all_recipients},
    Reader{"recipients.count", Stage::recipient, recipients_count},
    Reader{"repeated", Stage::headers, repeated},
    Reader{"reply-to", Stage::headers, [](const View& v) { return addresses(v.t.addresses->reply_to); }},
    Reader{"reply-to.domain", Stage::headers, [](const View& v) { return domains(v.t.addresses->reply_to); }},
    Reader{"reply-to.name", Stage::headers, [](const View& v) { return names(v.t.addresses->reply_to); }},
    Reader{"sender", Stage::sender, [](const View& v) { return path_fact(v.t.sender->path); }},
    Reader{"sender.domain", Stage::sender, [](const View& v) { return domain_fact(v.t.sender->path); }},
    Reader{"sender.local", Stage::sender, [](const View& v) { return local_fact(v.t.sender->path); }},
    Reader{"size", Stage::end, [](const View& v) { return FactState::of(static_cast<std::int64_t>(v.t.header_bytes + v.t.body_bytes)); }},
    Reader{"size.declared", Stage::sender,
           [](const View& v) { return v.t.sender->declared_size ? FactState::of(static_cast<std::int64_t>(*v.t.sender->declared_size)) : FactState::absent(); }},
    Reader{"time.hour", Stage::connect, [](const View& v) { return FactState::of(std::int64_t{local_time(v.t.unix_time).tm_hour}); }},
    Reader{"time.weekday", Stage::connect, weekday},
    Reader{"tls.cipher", Stage::sender, [](const View& v) { return text_or_absent(v.t.greeting->tls_cipher); }},
    Reader{"tls.subject", Stage::sender, [](const View& v) { return text_or_absent(v.t.greeting->tls_subject); }},
    Reader{"tls.version", Stage::sender, [](const View& v) { return text_or_absent(v.t.greeting->tls_version); }},
};
// clang-format on

}  // namespace

FactState KnownFacts::fact(std::size_t index) const {
  const rules::FactName& fact = transaction_.policy->rules->facts()[index];
  const auto reader = std::lower_bound(kReaders.begin(), kReaders.end(), fact.name,
                                       [](const Reader& r, const std::string& n) { return r.name < n; });
  if (reader == kReaders.end() || reader->name != fact.name) return FactState::absent();
  if (reader->stage > stage_) return {FactState::Kind::later, {}};
  return reader->read({transaction_, recipient_, stage_, fact.argument});
}

rules::CheckState KnownFacts::check(std::size_t index) const {
  if (transaction_.limits && transaction_.limits->is_limit(index))
    return transaction_.limits->state(index, recipient_ == nullptr ? nullptr : recipient_->recipient.get(), stage_);
  if (transaction_.findings == nullptr) return {rules::CheckState::Kind::later, nullptr};  // at connect
  if (transaction_.policy->rules->checks()[index].scope == Scope::message)
    return transaction_.findings->state(index, stage_);
  if (recipient_ == nullptr)  // at the end: there is none, so nothing is true of it
    return {stage_ == Stage::end ? rules::CheckState::Kind::known : rules::CheckState::Kind::later, nullptr};
  if (recipient_->findings == nullptr) return {rules::CheckState::Kind::later, nullptr};  // the MTA refused it
  return recipient_->findings->state(index, stage_);
}

}  // namespace postern
