#pragma once

#include <libmilter/mfapi.h>

#include "policy/mail/reply.h"

namespace postern {

/// Refuses the step at hand with `reply`: hands code, status and text to libmilter and answers what the callback must
/// return right after (a text once set stays until it is used, PLATFORM 2). Where libmilter takes no text the class of
/// the refusal stays. With `escapes` false, for tests, the text is handed over as it is.
sfsistat speak(SMFICTX* context, const Reply& reply, bool escapes = true);

}  // namespace postern
