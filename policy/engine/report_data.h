#pragma once

#include "policy/engine/transaction.h"
#include "policy/rules/decide.h"

namespace postern {

/// Counts a message that came to its end for the DMARC aggregate reports of its author's domain (RFC 9990), where that
/// domain asks for reports. What is put off is not counted: it comes again.
void record_for_reports(const Transaction& transaction, const rules::Decision& decision, WallTime now);

}  // namespace postern
