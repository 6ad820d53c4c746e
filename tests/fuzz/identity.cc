// Grants, and the forms in which names are compared. The first line of an input is a grant, the second an address.

#include <string>

#include "policy/accounts/identity/grant.h"
#include "policy/accounts/identity/normal_form.h"
#include "policy/accounts/identity/shown_address.h"
#include "tests/fuzz/oracle.h"

using namespace postern;
using namespace postern::accounts;
using fuzz::hold;

namespace {

void check_form(std::string_view text, LetterCase letters) {
  const auto form = comparison_form(text, letters);
  if (!form) return;
  hold(!form->empty() && !fuzz::has_control(*form), "a form has no control");
  hold(comparison_form(*form, letters) == form, "a form is its own");
  hold(as_seen(*form) == *form, "a form has nothing that is not seen");
}

void check_grant(std::string_view text, const std::optional<AddressKey>& key) {
  const auto grant = Grant::parse(text, LetterCase::fold);
  if (!grant) return;
  const auto again = Grant::parse(grant->text(), LetterCase::fold);
  hold(static_cast<bool>(again), "a grant can be read again");
  hold(again->text() == grant->text() && again->kind() == grant->kind() && again->delegates() == grant->delegates(),
       "a grant survives its text");
  if (key) hold(grant->covers(*key) == again->covers(*key), "the same grant covers the same");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view grant = text.substr(0, end);
  const std::string_view address = end < text.size() ? text.substr(end + 1) : std::string_view();
  for (const LetterCase letters : {LetterCase::fold, LetterCase::exact}) {
    check_form(address, letters);
    const auto key = address_key(address, letters);
    if (key) hold(is_address(address, *key, letters), "an address is itself");
    if (const auto other = address_key(grant, letters); other && key)
      hold(is_address(grant, *key, letters) == (other == key), "addresses are the same where their keys are");
    check_grant(grant, key);
  }
  for (const Mailbox& shown : shown_addresses(text)) hold(shown.domain.has_value(), "what is shown has a domain");
  return 0;
}
