#include "policy/mail/header_address.h"

#include <string>
#include <vector>

#include "policy/base/text.h"
#include "policy/mail/encoded_word.h"
#include "tests/fuzz/oracle.h"

using namespace postern;
using fuzz::hold;

namespace {

constexpr std::size_t kMaxRawBytes = 1000;   // header_address.h
constexpr std::size_t kMaxPathBytes = 1000;  // address.h

bool is_utf8(const std::string& text) { return replace_invalid_utf8(text) == text; }

std::string base64(std::string_view bytes) {
  constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t k) { return k < bytes.size() ? static_cast<unsigned char>(bytes[k]) : 0u; };
    const unsigned v = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    out += kAlphabet[v >> 18 & 63];
    out += kAlphabet[v >> 12 & 63];
    out += i + 1 < bytes.size() ? kAlphabet[v >> 6 & 63] : '=';
    out += i + 2 < bytes.size() ? kAlphabet[v & 63] : '=';
  }
  return out;
}

// As a careful program writes it.
std::string written(const HeaderAddress& address) {
  const std::string name = address.name.empty() ? std::string() : "=?UTF-8?B?" + base64(address.name) + "?= ";
  return name + "<" + address.mailbox->text() + ">";
}

// A doubt that lies in the address itself, and not in how it was written; the latter is told first.
bool lies_in_the_address(AddressFault fault) {
  return fault == AddressFault::none || fault == AddressFault::encoded_word || fault == AddressFault::invisible;
}

void check_address(const HeaderAddress& address) {
  hold(address.mailbox.has_value() == (address.fault <= AddressFault::invisible), "read, or a fault");
  hold(address.raw.size() <= kMaxRawBytes, "raw is bounded");
  hold(is_utf8(address.name), "a name is UTF-8");
  if (!address.mailbox) return;
  const Mailbox& mailbox = *address.mailbox;
  hold(!mailbox.domain || !mailbox.literal, "a domain or a literal, not both");
  const std::string text = mailbox.text();
  hold(!fuzz::has_control(text) && is_utf8(text), "a mailbox can be printed");
  if (text.size() + 2 > kMaxPathBytes) return;
  hold(Path::parse("<" + text + ">").mailbox == mailbox, "the dialogue reads the same mailbox");
}

// What we read, written down again, is read as the same.
void check_round_trip(const std::vector<HeaderAddress>& addresses) {
  std::string field;
  std::vector<const HeaderAddress*> expected;
  for (const HeaderAddress& address : addresses) {
    if (!address.mailbox) continue;
    field += (expected.empty() ? "" : ",\n ") + written(address);
    expected.push_back(&address);
  }
  if (field.size() > kMostAddressBytes) return;
  const AddressList again = parse_address_list(field);
  hold(again.addresses.size() == expected.size() && again.groups == 0, "as many addresses");
  for (std::size_t i = 0; i < expected.size(); ++i) {
    hold(again.addresses[i].mailbox == expected[i]->mailbox, "a mailbox survives its field");
    hold(again.addresses[i].name == expected[i]->name, "a name survives its field");
    const AddressFault before = expected[i]->fault, after = again.addresses[i].fault;
    hold(lies_in_the_address(after), "how it is written now leaves no doubt");
    hold(after == before || !lies_in_the_address(before), "a doubt about the address itself stays");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const AddressList list = parse_address_list(text);
  hold(list.addresses.size() <= kMostHeaderAddresses + 3, "addresses are bounded");
  bool readable = true;
  for (const HeaderAddress& address : list.addresses) {
    check_address(address);
    readable = readable && address.mailbox;
  }
  hold(!readable || text.find('\0') == std::string_view::npos, "a NUL is never passed over");  // FAULTS T25
  check_round_trip(list.addresses);
  hold(is_utf8(decode_words(text)), "decoded text is UTF-8");
  return 0;
}
