#pragma once

#include <cstddef>
#include <cstdint>

#include "policy/accounts/lookup.h"
#include "policy/base/sip_hash.h"

namespace postern::accounts {

/// A keyed hash: strangers choose the keys, and must not choose the buckets (FAULTS T57).
class QuestionHash {
 public:
  std::size_t operator()(const Question& question) const {
    return sip_hash(key_, question.key, static_cast<std::uint16_t>(question.lookup));
  }

 private:
  SipKey key_ = SipKey::random();
};

}  // namespace postern::accounts
