// null_milter: accepts everything and does nothing, so that what libmilter itself costs is known.
// It takes every step and answers none but end-of-message, unless --steps (a mask) says which protocol steps it asks
// for.

#include <libmilter/mfapi.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr unsigned long kNoReplies = SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_MAIL | SMFIP_NR_RCPT | SMFIP_NR_DATA |
                                     SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NR_BODY | SMFIP_NOUNKNOWN;
unsigned long wanted_steps = kNoReplies;  // set before smfi_main, read by callbacks

/// What a callback returns where the step's no-reply flag is `flag`.
sfsistat answer(unsigned long flag) { return wanted_steps & flag ? SMFIS_NOREPLY : SMFIS_CONTINUE; }

sfsistat on_connect(SMFICTX*, char*, _SOCK_ADDR*) { return answer(SMFIP_NR_CONN); }
sfsistat on_helo(SMFICTX*, char*) { return answer(SMFIP_NR_HELO); }
sfsistat on_mail(SMFICTX*, char**) { return answer(SMFIP_NR_MAIL); }
sfsistat on_rcpt(SMFICTX*, char**) { return answer(SMFIP_NR_RCPT); }
sfsistat on_data(SMFICTX*) { return answer(SMFIP_NR_DATA); }
sfsistat on_header(SMFICTX*, char*, char*) { return answer(SMFIP_NR_HDR); }
sfsistat on_end_of_headers(SMFICTX*) { return answer(SMFIP_NR_EOH); }
sfsistat on_body(SMFICTX*, unsigned char*, std::size_t) { return answer(SMFIP_NR_BODY); }
sfsistat on_end(SMFICTX*) { return SMFIS_CONTINUE; }

sfsistat on_negotiate(SMFICTX*, unsigned long actions, unsigned long steps, unsigned long, unsigned long,
                      unsigned long* out_actions, unsigned long* out_steps, unsigned long* out2, unsigned long* out3) {
  *out_actions = actions;
  *out_steps = steps & wanted_steps;
  *out2 = *out3 = 0;
  return SMFIS_CONTINUE;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && !(argc == 4 && std::strcmp(argv[2], "--steps") == 0)) {
    std::fputs("usage: null_milter SOCKET [--steps MASK]\n", stderr);
    return 2;
  }
  if (argc == 4) wanted_steps = std::strtoul(argv[3], nullptr, 0);
  char name[] = "null_milter";
  smfiDesc description{};
  description.xxfi_name = name;
  description.xxfi_version = SMFI_VERSION;
  description.xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE;
  description.xxfi_connect = on_connect;
  description.xxfi_helo = on_helo;
  description.xxfi_envfrom = on_mail;
  description.xxfi_envrcpt = on_rcpt;
  description.xxfi_data = on_data;
  description.xxfi_header = on_header;
  description.xxfi_eoh = on_end_of_headers;
  description.xxfi_body = on_body;
  description.xxfi_eom = on_end;
  description.xxfi_abort = on_end;
  description.xxfi_close = on_end;
  description.xxfi_negotiate = on_negotiate;
  smfi_setbacklog(1024);
  if (smfi_setconn(argv[1]) == MI_FAILURE || smfi_register(description) == MI_FAILURE) {
    std::fputs("null_milter: no such socket, or no memory\n", stderr);
    return 1;
  }
  return smfi_main() == MI_SUCCESS ? 0 : 1;
}
