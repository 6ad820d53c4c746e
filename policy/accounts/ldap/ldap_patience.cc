#include "policy/accounts/ldap/ldap_patience.h"

#include <lber.h>

#include <cerrno>

#include "policy/accounts/sql/poll_until.h"

namespace postern::accounts {

namespace {

constexpr int kBelowTls = (LBER_SBIOD_LEVEL_PROVIDER + LBER_SBIOD_LEVEL_TRANSPORT) / 2;

int set_up(Sockbuf_IO_Desc* layer, void* patience) {
  layer->sbiod_pvt = patience;
  return 0;
}
int nothing(Sockbuf_IO_Desc*) { return 0; }
int pass_on(Sockbuf_IO_Desc* layer, int option, void* argument) {
  return LBER_SBIOD_CTRL_NEXT(layer, option, argument);
}

template <class Step>
ber_slen_t with_patience(Sockbuf_IO_Desc* layer, bool read, Step step) {
  for (;;) {
    const ber_slen_t n = step();
    if (n >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) return n;
    if (!static_cast<const LdapPatience*>(layer->sbiod_pvt)->wait_for(read)) return n;
  }
}

ber_slen_t receive(Sockbuf_IO_Desc* layer, void* bytes, ber_len_t size) {
  return with_patience(layer, true, [&] { return LBER_SBIOD_READ_NEXT(layer, bytes, size); });
}
ber_slen_t send(Sockbuf_IO_Desc* layer, void* bytes, ber_len_t size) {
  return with_patience(layer, false, [&] { return LBER_SBIOD_WRITE_NEXT(layer, bytes, size); });
}

}  // namespace

void LdapPatience::stand_before(sockbuf* socket, int fd) {
  static Sockbuf_IO layer{set_up, nothing, pass_on, receive, send, nothing};  // libldap takes no const one
  fd_ = fd;
  ber_sockbuf_add_io(socket, &layer, kBelowTls, this);
}

void LdapPatience::begins(SteadyTime until) {
  waits_ = true;
  until_ = until;
}

bool LdapPatience::wait_for(bool read) const {
  if (!waits_) return false;
  if (poll_until(fd_, {.read = read, .write = !read}, until_).any()) return true;
  errno = ETIMEDOUT;
  return false;
}

}  // namespace postern::accounts
