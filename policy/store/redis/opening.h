#pragma once

#include <memory>
#include <string>

#include "policy/base/stream.h"
#include "policy/base/tls.h"
#include "policy/store/redis/command.h"
#include "policy/store/redis/options.h"
#include "policy/store/redis/reply.h"

namespace postern::store::redis {

/// A connection that is ready for commands, or why there is none.
struct Opened {
  std::unique_ptr<Stream> stream;
  std::string server;   ///< as it is told
  std::string problem;  ///< no secrets, and nothing that a server said but an error's word
};

/// Connects to the first of the servers that is master (with `sentinel`, to the one that a Sentinel names and that says
/// so itself), logs in and chooses the database. Names are looked up here and nowhere else. Each server is given the
/// time-out, but for the look-up of its name, which the system's resolver bounds.
Opened open_master(const Options& options, const TlsContext* tls, const Interrupt& interrupt);

/// Is that what ROLE answers for a master? True also where the user may not ask.
bool is_master(const Reply& role);

/// The word by which an error says that the server cannot be used now, or not by us (FAULTS T61); empty where it is
/// about the command.
std::string_view unavailability(std::string_view error);

}  // namespace postern::store::redis
