#include "policy/dns/wire.h"

#include <algorithm>
#include <array>

#include "policy/dns/name_text.h"
#include "policy/dns/zone_resolver.h"

namespace postern::dns {

namespace {

unsigned octet(std::string_view data, std::size_t i) { return static_cast<unsigned char>(data[i]); }
unsigned word(std::string_view data, std::size_t i) { return octet(data, i) << 8 | octet(data, i + 1); }

// A whole name off the front of `rest`; nothing where it is cut, compressed or too long.
std::optional<std::string> take_name(std::string_view& rest) {
  std::string name;
  for (std::size_t used = 1; !rest.empty();) {
    const std::size_t length = octet(rest, 0);
    if (length > kMaxLabelOctets || length + 1 > rest.size()) return std::nullopt;
    const std::string_view label = rest.substr(1, length);
    rest.remove_prefix(length + 1);
    if (length == 0) return name;
    used += length + 1;
    if (used > kMaxNameOctets) return std::nullopt;
    append_label(name, label);
  }
  return std::nullopt;
}

bool add_text(Answer& answer, std::string_view rdata, LeftOut& left_out) {
  std::string text;
  if (rdata.empty()) return false;  // RFC 1035 3.3.14: one string at least
  while (!rdata.empty()) {
    const std::size_t length = octet(rdata, 0);
    if (length + 1 > rdata.size()) return false;
    text.append(rdata.substr(1, length));
    rdata.remove_prefix(length + 1);
  }
  if (text.size() > kMostTextBytes)
    ++left_out.over;
  else
    answer.texts.push_back(std::move(text));
  return true;
}

bool add(Answer& answer, Type type, std::string_view rdata, LeftOut& left_out) {
  switch (type) {
    case Type::a: {
      if (rdata.size() != 4) return false;
      std::array<std::uint8_t, 4> bytes{};
      std::copy(rdata.begin(), rdata.end(), bytes.begin());
      answer.addresses.push_back(IpAddress::v4(bytes));
      return true;
    }
    case Type::aaaa: {
      if (rdata.size() != 16) return false;
      std::array<std::uint8_t, 16> bytes{};
      std::copy(rdata.begin(), rdata.end(), bytes.begin());
      answer.addresses.push_back(IpAddress::v6(bytes));
      return true;
    }
    case Type::mx: {
      if (rdata.size() < 3) return false;
      const auto preference = static_cast<std::uint16_t>(word(rdata, 0));
      rdata.remove_prefix(2);
      const auto host = take_name(rdata);
      if (!host || !rdata.empty()) return false;
      answer.mx.push_back({preference, *host});
      return true;
    }
    case Type::cname:
    case Type::ptr: {
      const auto name = take_name(rdata);
      if (!name || !rdata.empty()) return false;
      answer.names.push_back(*name);
      return true;
    }
    case Type::txt: return add_text(answer, rdata, left_out);
  }
  return false;
}

// Passes over a name of a message, without following its pointer; false where it is cut.
bool skip_name(std::string_view& rest) {
  while (!rest.empty()) {
    const std::size_t length = octet(rest, 0);
    if (length == 0 || length >= 0xc0) {  // RFC 1035 4.1.4
      const std::size_t size = length == 0 ? 1 : 2;
      if (rest.size() < size) return false;
      rest.remove_prefix(size);
      return true;
    }
    if (length > kMaxLabelOctets || length + 1 > rest.size()) return false;
    rest.remove_prefix(length + 1);
  }
  return false;
}

}  // namespace

Answer answer_of(Type type, std::span<const std::string_view> rdata, LeftOut& left_out) {
  Answer answer;
  std::size_t bytes = 0;
  std::size_t taken = 0;
  for (const std::string_view record : rdata) {
    bytes += record.size();
    if (bytes > kMostAnswerBytes) {
      Answer large;
      large.problem = "answer too large";
      return large;
    }
    if (taken == kMostRecords)
      ++left_out.over;
    else if (add(answer, type, record, left_out))
      ++taken;
    else
      ++left_out.malformed;
  }
  if (!rdata.empty() && taken == 0) {
    answer.problem = "malformed answer";
    return answer;
  }
  if (taken > 0 && !answer.has_records()) {  // every record was over its cap
    answer.problem = "answer too large";
    return answer;
  }
  answer.status = rdata.empty() ? Status::nodata : Status::ok;
  std::stable_sort(answer.mx.begin(), answer.mx.end(),
                   [](const Mx& a, const Mx& b) { return a.preference < b.preference; });
  return answer;
}

std::optional<int> count_cnames(std::string_view message) {
  constexpr std::size_t kHeader = 12;  // RFC 1035 4.1.1
  if (message.size() < kHeader) return std::nullopt;
  const unsigned questions = word(message, 4);
  const unsigned answers = word(message, 6);
  std::string_view rest = message.substr(kHeader);
  for (unsigned i = 0; i < questions; ++i) {
    if (!skip_name(rest) || rest.size() < 4) return std::nullopt;
    rest.remove_prefix(4);
  }
  int cnames = 0;
  for (unsigned i = 0; i < answers; ++i) {
    constexpr std::size_t kFixed = 10;  // type, class, TTL, length
    if (!skip_name(rest) || rest.size() < kFixed) return std::nullopt;
    const std::size_t size = kFixed + word(rest, 8);
    if (word(rest, 0) == static_cast<unsigned>(Type::cname)) ++cnames;
    if (rest.size() < size) return std::nullopt;
    rest.remove_prefix(size);
  }
  return cnames;
}

}  // namespace postern::dns
