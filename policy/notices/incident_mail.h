#pragma once

#include <string>

#include "policy/mail/address.h"
#include "policy/notices/way.h"

namespace postern::notices {

/// Who writes to whom, from where.
struct Letter {
  Mailbox from;
  Mailbox to;
  std::string hostname;  ///< of ours, for the Message-ID
};

/// The notice as a message of RFC 5322, line ends LF: what happened and to whom, the facts as a table, and what may be
/// done. It says that a program wrote it (RFC 3834 5), so that no program answers. Whatever stands in the incident, the
/// fields are these and no others, all lines have at most 998 bytes, and all but UTF-8 local parts is ASCII. Pure.
std::string incident_mail(const Notice& notice, const Letter& letter);

}  // namespace postern::notices
