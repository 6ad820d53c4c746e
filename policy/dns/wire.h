#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "policy/dns/resolver.h"

namespace postern::dns {

constexpr std::size_t kMostAnswerBytes = 64 * 1024;  // FAULTS T41

/// What had to be left out of an answer.
struct LeftOut {
  int malformed = 0;  ///< records that were no such records
  int over = 0;       ///< records beyond kMostRecords, TXT records beyond kMostTextBytes
};

/// The records of `type` as an Answer, from their data in wire format (RFC 1035 3.3, RFC 3596 2.2), which may be any
/// bytes. Names must not be compressed: libunbound hands them out whole. `tempfail` when nothing of what there was is
/// well-formed, or the data is over kMostAnswerBytes.
Answer answer_of(Type type, std::span<const std::string_view> rdata, LeftOut& left_out);

/// The CNAMEs in the answer section of a DNS message; nothing when the message is malformed.
std::optional<int> count_cnames(std::string_view message);

}  // namespace postern::dns
