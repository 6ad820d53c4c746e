#pragma once

#include "policy/base/clock.h"

struct sockbuf;

namespace postern::accounts {

/// How long a connection of libldap waits while TLS shakes hands. By itself it has no end there: GnuTLS is asked again
/// and again for as long as the server says nothing. This stands between the socket, which does not block, and TLS.
class LdapPatience {
 public:
  /// `socket` is of the connection, over `fd`; this outlives it.
  void stand_before(sockbuf* socket, int fd);
  /// From here on what waits fails at `until`.
  void begins(SteadyTime until);
  void ends() { waits_ = false; }

  /// For the layer: whether to try again.
  bool wait_for(bool read) const;

 private:
  int fd_ = -1;
  bool waits_ = false;
  SteadyTime until_;
};

}  // namespace postern::accounts
