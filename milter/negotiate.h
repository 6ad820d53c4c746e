#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "policy/engine/policy.h"

namespace postern {

/// The steps of the milter protocol, in the order of a dialogue.
enum class Step { connect, helo, mail, rcpt, data, header, end_of_headers, body, end_of_message };
std::string_view name(Step step);

/// What the MTA offers, as libmilter hands it on: SMFIF_* and SMFIP_* masks. libmilter adds the no-reply flags that an
/// old MTA does not know and keeps them itself.
struct Offer {
  unsigned long actions = 0;
  unsigned long steps = 0;
};

/// What one milter session and we agreed on.
struct Terms {
  static constexpr std::size_t kStages = 7;  // SMFIM_FIRST to SMFIM_LAST

  unsigned long actions = 0;                ///< SMFIF_* that we may use
  unsigned long steps = 0;                  ///< SMFIP_* as we ask for them
  std::array<std::string, kStages> macros;  ///< by SMFIM_*: what smfi_setsymlist is told; empty: the MTA's own list
  bool tls_macros = false;
  bool auth_macros = false;
  std::string refusal;               ///< why this session cannot be served: every message gets a 451; empty: it can
  std::vector<std::string> missing;  ///< what is lived without, in words for the log

  /// True when our answer to `step` reaches the MTA.
  bool replies(Step step) const;
  /// True when header values carry the space after the colon, and ours must too (SMFIP_HDR_LEADSPC).
  bool leading_space() const;
  /// True when SMFIS_SKIP may answer a body chunk.
  bool may_skip_body() const;
};

/// The least that serves `needs` within `offer`. Asks for nothing that was not offered. Pure.
Terms negotiate(const Needs& needs, const Offer& offer);

/// Whether a session of these terms can go on with a policy of these needs: the steps, replies, actions and macros
/// suffice. Pure.
bool can_adopt(const Terms& terms, const Needs& needs);

}  // namespace postern
