#include "tests/support/dns_script.h"

#include <charconv>
#include <stdexcept>
#include <utility>
#include <vector>

#include "policy/base/text.h"
#include "policy/dns/name_text.h"

namespace postern::test {

namespace {

constexpr unsigned kNoError = 0, kServfail = 2, kNxdomain = 3, kRefused = 5;  // RFC 1035 4.1.1
constexpr unsigned kSoa = 6, kOpt = 41, kInternet = 1;

void put32(std::string& out, std::uint32_t value) {
  put16(out, value >> 16);
  put16(out, value & 0xffff);
}

std::string wire_name(std::string_view name) { return dns::to_wire(name).value_or(std::string(1, '\0')); }

std::string rdata(const dns::ZoneRecord& record) {
  std::string out;
  if (record.address) {
    const auto* bytes = reinterpret_cast<const char*>(record.address->bytes().data());
    const bool mapped = record.address->is_v4() && record.type == static_cast<unsigned>(dns::Type::aaaa);
    if (mapped) out = std::string(10, '\0') + "\xff\xff";
    out.append(bytes, record.address->is_v4() ? 4 : 16);
  }
  switch (static_cast<dns::Type>(record.type)) {
    case dns::Type::mx: put16(out, record.preference); [[fallthrough]];
    case dns::Type::cname:
    case dns::Type::ptr: out += wire_name(record.host); break;
    case dns::Type::a:
    case dns::Type::aaaa:
    case dns::Type::txt: break;
  }
  for (std::string_view text : record.strings) {
    do {
      const std::string_view piece = text.substr(0, 255);
      out += static_cast<char>(piece.size());
      out += piece;
      text.remove_prefix(piece.size());
    } while (!text.empty());
  }
  return out;
}

// RFC 2308 3: the SOA says for how long a name is missing.
std::string soa() {
  std::string out(1, '\0');
  put16(out, kSoa);
  put16(out, kInternet);
  put32(out, 60);
  put16(out, 22);
  out += std::string(2, '\0');
  for (const std::uint32_t value : {1u, 3600u, 600u, 86400u, 60u}) put32(out, value);
  return out;
}

std::string opt() {  // RFC 6891 6.1.2
  std::string out(1, '\0');
  put16(out, kOpt);
  put16(out, 1232);
  put32(out, 0);
  put16(out, 0);
  return out;
}

// What a forger says of any name.
std::string forgery(std::string_view message, const DnsScript::Question& question) {
  std::string out(message.substr(0, 2));
  put16(out, 0x8580);
  for (const unsigned count : {1u, 1u, 0u, 0u}) put16(out, count);
  out += message.substr(12, question.end - 12);
  put16(out, 0xc00c);  // the name of the question
  put16(out, static_cast<unsigned>(dns::Type::a));
  put16(out, kInternet);
  put32(out, 300);
  put16(out, 4);
  return out + "\xcb" + std::string("\0", 1) + "\x71\x42";
}

}  // namespace

void put16(std::string& out, unsigned value) {
  out += static_cast<char>(value >> 8 & 0xff);
  out += static_cast<char>(value & 0xff);
}

unsigned get16(std::string_view in, std::size_t at) {
  return static_cast<unsigned char>(in[at]) * 256u + static_cast<unsigned char>(in[at + 1]);
}

DnsScript::DnsScript(std::string_view text) {
  if (const auto error = zone_.add("script", text)) {
    throw std::runtime_error("script:" + std::to_string(error->where.line) + ": " + error->message);
  }
  for (const std::string_view line : split(text, '\n')) {
    if (!trim(line).starts_with(';')) continue;
    std::vector<std::string_view> words;
    for (const std::string_view word : split(trim(line).substr(1), ' ')) {
      if (!trim(word).empty()) words.push_back(trim(word));
    }
    if (words.size() < 3 || (words[0] != "DELAY" && words[0] != "SERVER" && words[0] != "RCODE")) continue;
    std::string name = ascii_lower(words[1]);
    if (name.size() > 1 && name.back() == '.') name.pop_back();
    if (words[0] == "SERVER") {
      manners_[name] = manner(words[2]);
      continue;
    }
    unsigned number = 0;
    const auto [end, error] = std::from_chars(words[2].data(), words[2].data() + words[2].size(), number);
    if (error != std::errc() || end != words[2].data() + words[2].size())
      throw std::runtime_error("script: DELAY and RCODE take a number");
    if (words[0] == "DELAY")
      delays_[name] = std::chrono::milliseconds(number);
    else
      rcodes_[name] = number;
  }
}

DnsScript::Manner DnsScript::manner(std::string_view word) {
  constexpr std::pair<std::string_view, Manner> kManners[] = {
      {"REFUSED", Manner::refused},
      {"TRUNCATE", Manner::truncate},
      {"WRONG_ID", Manner::wrong_id},
      {"WRONG_QUESTION", Manner::wrong_question},
      {"GARBAGE", Manner::garbage},
      {"DROP", Manner::drop},
      {"TAIL", Manner::tail},
      {"EMPTY", Manner::empty},
      {"LOOP", Manner::loop},
      {"ELSEWHERE", Manner::elsewhere},
      {"FORGER_EVERY_ID", Manner::forger_every_id},
      {"FORGER_WRONG_SOURCE", Manner::forger_wrong_source},
      {"FORGER_KNOWS_ALL", Manner::forger_knows_all},
  };
  for (const auto& [name, value] : kManners) {
    if (name == word) return value;
  }
  throw std::runtime_error("script: SERVER does not know " + std::string(word));
}

// The entry of `name`, of the nearest `*.above`, or of `*`.
template <class T>
T DnsScript::of(const std::map<std::string, T>& map, std::string_view name, T otherwise) {
  if (const auto exact = map.find(std::string(name)); exact != map.end()) return exact->second;
  for (std::size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1)) {
    if (const auto above = map.find("*" + std::string(name.substr(dot))); above != map.end()) return above->second;
  }
  const auto all = map.find("*");
  return all == map.end() ? otherwise : all->second;
}

std::optional<DnsScript::Question> DnsScript::question(std::string_view message) {
  if (message.size() < 17 || get16(message, 4) != 1) return std::nullopt;
  Question question;
  std::size_t at = 12;
  while (at < message.size() && message[at] != 0) {
    const std::size_t length = static_cast<unsigned char>(message[at]);
    if (length > 63 || at + length + 1 >= message.size()) return std::nullopt;
    dns::append_label(question.name, message.substr(at + 1, length));
    at += length + 1;
  }
  if (at + 5 > message.size()) return std::nullopt;
  question.type = get16(message, at + 1);
  question.end = at + 5;
  question.edns = get16(message, 10) > 0;
  return question;
}

struct DnsScript::Records {
  unsigned rcode = kNoError;
  unsigned count = 0;
  std::string bytes;
};

DnsScript::Records DnsScript::records(const Question& question, Manner manner) const {
  Records out;
  if (manner == Manner::refused) out.rcode = kRefused;
  const auto add = [&](std::string_view owner, const dns::ZoneRecord& record) {
    std::string data = rdata(record);
    if (data.empty()) return;
    if (manner == Manner::tail) data.resize(data.size() / 2);
    if (manner == Manner::loop)
      put16(out.bytes, 0xc000u | static_cast<unsigned>(question.end + out.bytes.size()));  // a pointer to itself
    else
      out.bytes += wire_name(owner);
    put16(out.bytes, record.type);
    put16(out.bytes, kInternet);
    put32(out.bytes, record.ttl);
    put16(out.bytes, static_cast<unsigned>(data.size()));
    out.bytes += data;
    ++out.count;
  };
  std::string name = question.name;
  for (int step = 0; step < 16 && out.rcode == kNoError; ++step) {
    const dns::Zone::Found at = zone_.find(name, static_cast<dns::Type>(question.type));
    if (at.fault)
      out.rcode = *at.fault == dns::ZoneFault::nxdomain ? kNxdomain : kServfail;
    else if (at.status == dns::Status::nxdomain)
      out.rcode = kNxdomain;
    for (const dns::ZoneRecord* record : at.records) add(name, *record);
    if (at.cname == nullptr) break;
    add(name, *at.cname);
    name = at.cname->host;
  }
  return out;
}

std::optional<DnsScript::Reply> DnsScript::reply(std::string_view message, const Question& question, bool tcp) const {
  const Manner manner = of(manners_, question.name, Manner::plain);
  const auto fault = zone_.find(question.name, static_cast<dns::Type>(question.type)).fault;
  if (manner == Manner::drop || fault == dns::ZoneFault::timeout) return std::nullopt;
  Reply reply;
  reply.bytes = message.substr(0, 2);
  reply.delay = of(delays_, question.name, std::chrono::milliseconds(0));
  std::string& out = reply.bytes;
  if (manner == Manner::empty) {
    out.clear();
    return reply;
  }
  if (manner == Manner::garbage) {
    out += "\x81\x80\xff\xff\xff\xff garbage";
    return reply;
  }
  if (manner == Manner::wrong_id) out[0] = static_cast<char>(out[0] ^ 0x55);
  Records found = records(question, manner);
  found.rcode = of(rcodes_, question.name, found.rcode);
  const bool negative = found.rcode == kNxdomain || (found.rcode == kNoError && found.count == 0);
  const std::size_t room = question.edns ? 1232 : 512;
  const bool cut = !tcp && (manner == Manner::truncate || question.end + found.bytes.size() + 64 > room);
  put16(out, 0x8480u | (get16(message, 2) & 0x0100u) | (cut ? 0x0200u : 0u) | found.rcode);
  put16(out, 1);
  put16(out, cut ? 0 : found.count);
  put16(out, !cut && negative ? 1 : 0);
  put16(out, question.edns ? 1 : 0);
  out += message.substr(12, question.end - 12);
  if (manner == Manner::wrong_question) out[13] = out[13] == 'x' ? 'y' : 'x';
  if (!cut) out += found.bytes;
  if (!cut && negative) out += soa();
  if (question.edns) out += opt();
  reply.elsewhere = manner == Manner::elsewhere;
  reply.forger = manner == Manner::forger_every_id       ? Forger::every_id
                 : manner == Manner::forger_wrong_source ? Forger::wrong_source
                 : manner == Manner::forger_knows_all    ? Forger::knows_all
                                                         : Forger::none;
  if (reply.forger != Forger::none) reply.forged = forgery(message, question);
  return reply;
}

}  // namespace postern::test
