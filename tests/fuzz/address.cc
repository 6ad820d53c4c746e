#include "policy/mail/address.h"

#include <string>

#include "tests/fuzz/oracle.h"

using namespace postern;
using fuzz::hold;

namespace {

constexpr std::size_t kMaxPathBytes = 1000;  // address.h

// What is printed of a mailbox is read as the same mailbox again, with angle brackets and without.
void check_mailbox(const Mailbox& mailbox) {
  hold(!mailbox.domain || !mailbox.literal, "a domain or a literal, not both");
  const std::string text = mailbox.text();
  hold(!fuzz::has_control(text), "no control byte in a mailbox");
  if (text.size() + 2 > kMaxPathBytes) return;  // quotes and A-labels make it longer than it came
  for (const std::string& again : {text, "<" + text + ">"}) {
    const Path path = Path::parse(again);
    hold(!path.null && path.mailbox == mailbox, "a mailbox survives its text");
    hold(path.text() == text, "the text of a mailbox is stable");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const Path path = Path::parse(text);
  hold(path.raw == text.substr(0, kMaxPathBytes), "raw is what came");
  hold(size <= kMaxPathBytes || !path.valid(), "nothing over 1000 bytes is valid");
  hold(!path.null || !path.mailbox, "null has no mailbox");
  hold(!path.null || path.text().empty(), "null is empty");
  hold(path.text().size() <= 3 * kMaxPathBytes, "the text is bounded");
  if (path.mailbox) check_mailbox(*path.mailbox);
  return 0;
}
