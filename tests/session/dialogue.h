#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/session/event.h"
#include "tests/session/model.h"
#include "tests/support/fake_libmilter.h"

namespace postern::session {

/// What a test leaves out or spoils on purpose, to see that it is noticed.
enum class Tampering { none, abort_is_lost, close_is_lost, reply_is_lost, first_reply_stays, verdict_is_accept };

/// The MTA's side of one milter session: calls the registered callbacks on the double of libmilter, and sees what they
/// do. One thread at a time.
class Dialogue {
 public:
  explicit Dialogue(Tampering tampering = Tampering::none) : tampering_(tampering) {}
  /// Ends a session that is still open.
  ~Dialogue();
  Dialogue(const Dialogue&) = delete;
  Dialogue& operator=(const Dialogue&) = delete;

  /// Edits of this session fail after so many; -1: none.
  void fail_edits_after(int edits) { edits_until_failure_ = edits; }

  /// Calls one callback. The verdict, the reply that libmilter would send, and the edits; decisions are left empty.
  Told say(const Event& event);

  /// What the last callback did that no callback may do, whatever the policy: each in words.
  const std::vector<std::string>& broken_laws() const { return broken_; }

 private:
  sfsistat call(const Event& event);
  void hold_to_law(Event::Kind kind, const Told& told, bool reply_stays);

  const Tampering tampering_;
  int edits_until_failure_ = -1;
  SMFICTX context_;
  unsigned long steps_ = 0;  // as agreed on
  std::optional<SMFICTX::Reply> first_reply_;
  std::vector<std::string> broken_;
};

}  // namespace postern::session
