#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "policy/mail/address.h"

namespace postern::accounts {

/// The addresses that a reader sees in a display name, at most kMostShown: `ceo@acme.example` in "The CEO
/// (ceo@acme.example)". A domain of several labels is wanted, so that "Anna @ home" shows none. Invisible characters and
/// full-width forms hide nothing.
std::vector<Mailbox> shown_addresses(std::string_view display_name);
constexpr std::size_t kMostShown = 3;  // local

}  // namespace postern::accounts
