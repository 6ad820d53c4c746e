#pragma once

#include <libmilter/mfapi.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// libmilter's context of one session, as the test double has it: the test says what a callback may see, the callback's
/// calls leave behind what they did. Not thread-safe, like libmilter's own.
struct smfi_str {
  /// Which callback is at work; what libmilter permits depends on it.
  enum class Moment { none, negotiation, step, end_of_message };

  struct Reply {
    std::string code;
    std::string status;
    std::vector<std::string> lines;
  };

  Moment moment = Moment::none;
  void* priv = nullptr;
  std::vector<std::pair<std::string_view, std::string>> macros;
  unsigned long actions = 0;     ///< SMFIF_* that were agreed on
  int edits_until_failure = -1;  ///< so many edits succeed, all later ones fail; -1: all succeed

  std::optional<Reply> reply;  ///< set and not used yet: it stays until it is, as libmilter's does (FAULTS M7)
  std::vector<std::string>
      changes;  ///< "add NAME: VALUE", "insert INDEX NAME: VALUE", "delete NAME INDEX", "quarantine REASON"
  std::vector<std::string> wrongs;  ///< calls that libmilter refuses, or that harm an MTA
};

namespace postern::test {

/// What smfi_register() was told last. The functions of the double are linked as objects, so that they stand before
/// those of libmilter itself.
const smfiDesc& registered_callbacks();

}  // namespace postern::test
