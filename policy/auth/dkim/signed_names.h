#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/auth/dkim/sign.h"
#include "policy/mail/facts.h"

namespace postern::dkim {

/// The names for h= of a signature over `header`, at most 90 of them. What an MTA changes behind its milters is left
/// out, for it would break the signature: a field of `form.completed` that is not there, and a list of
/// `form.addresses` that does not keep its form.
std::vector<std::string> signed_names(const SigningForm& form, std::span<const HeaderField> header);

/// Whether a list of addresses surely stays the same, but for folds, when Sendmail sends it on. That writes each anew:
/// with a comma and one space between two addresses, with quotes round a name with a dot or an apostrophe, without
/// routes, with a domain where there was none.
bool keeps_its_form(std::string_view addresses);

}  // namespace postern::dkim
