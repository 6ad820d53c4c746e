#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "policy/auth/dkim/sign.h"
#include "policy/mail/facts.h"

namespace postern::spoofing {

/// What a mail server makes of the lines of a header before a filter sees them.
enum class Server {
  postfix,   ///< what is no field ends the header, a bare LF ends a line, and libmilter ends a text at a NUL
  credulous  ///< whatever has a colon is a field, with every byte of it
};

/// A published way to be seen as somebody else.
struct Case {
  std::string id, client_ip, helo, mail_from, rcpt_to, login;
  std::vector<std::string> lines;  ///< of the header, signed where the case wants it
  std::string body;
  std::string outcome;  ///< what becomes of it, in the words of the file
  std::string status;   ///< of the reply, if the file has one
  std::string must;     ///< what holds whatever the configuration

  /// The message as a filter behind that server gets it: fields, and the body with what was no field before it.
  struct Message {
    std::vector<HeaderField> header;
    std::string body;
  };
  Message as_seen_by(Server server) const;
};

/// The file, its world, and the keys that stand for those it speaks of.
struct Cases {
  std::vector<Case> cases;
  std::string zone;
};

/// Where the file is, if it is there: $POSTERN_SHARED, or `shared` beside the project.
std::filesystem::path file();
Cases read();

}  // namespace postern::spoofing
