#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/auth/spf/macro.h"
#include "policy/auth/spf/spf.h"
#include "policy/base/ip.h"
#include "policy/base/result.h"

namespace postern::spf {

enum class MechanismType { all, include, a, mx, ptr, ip4, ip6, exists };

/// One mechanism with its qualifier (RFC 7208 4.6.2, 5).
struct Mechanism {
  MechanismType type = MechanismType::all;
  Status result = Status::pass;       ///< where it matches: what its qualifier says
  std::optional<MacroString> target;  ///< nothing: the domain that is asked
  int prefix4 = 32;                   ///< of `a` and `mx`
  int prefix6 = 128;                  ///< of `a` and `mx`
  std::optional<Network> network;     ///< of `ip4` and `ip6`; nothing: no address can match
  std::string text;                   ///< as the record writes it
};

/// An SPF record (RFC 7208 4.6), whose syntax holds.
struct Record {
  std::vector<Mechanism> mechanisms;
  std::optional<MacroString> redirect;
  std::optional<MacroString> explanation;
};

/// Does the text begin as an SPF record does, so that it counts as one (RFC 7208 4.5)?
bool is_record(std::string_view text);

/// Of a text that is_record(). The Error shows the first term that is wrong, wherever in the record (RFC 7208 4.6).
postern::Result<Record> parse_record(std::string_view text);

}  // namespace postern::spf
