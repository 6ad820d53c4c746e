#pragma once

#include <algorithm>
#include <string>

#include "policy/engine/transaction.h"
#include "policy/mail/encoded_word.h"

namespace postern {

/// The message's first Subject, decoded; empty where there is none.
inline std::string subject_of(const Transaction& t) {
  const auto found =
      std::find_if(t.headers->begin(), t.headers->end(), [](const HeaderField& f) { return f.is("Subject"); });
  return found == t.headers->end() ? std::string() : decode_words(found->unfolded());
}

}  // namespace postern
