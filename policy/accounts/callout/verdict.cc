#include "policy/accounts/callout/verdict.h"

namespace postern::callout {

std::string_view name(Kind kind) {
  switch (kind) {
    case Kind::exists: return "exists";
    case Kind::missing: return "missing";
    case Kind::accept_all: return "accept-all";
    case Kind::unknown: return "unknown";
    case Kind::not_asked: return "not-asked";
  }
  return "";
}

std::string_view name(Cause cause) {
  switch (cause) {
    case Cause::reply: return "reply";
    case Cause::evidence: return "evidence";
    case Cause::refused_us: return "refused-us";
    case Cause::temporary: return "temporary";
    case Cause::unclear: return "unclear";
    case Cause::unreachable: return "unreachable";
    case Cause::no_mail_host: return "no-mail-host";
    case Cause::forbidden: return "forbidden";
    case Cause::dns: return "dns";
    case Cause::client: return "client";
    case Cause::limit: return "limit";
    case Cause::busy: return "busy";
    case Cause::late: return "late";
    case Cause::opted_out: return "opted-out";
    case Cause::shape: return "shape";
    case Cause::skipped: return "skipped";
    case Cause::no_domain: return "no-domain";
  }
  return "";
}

}  // namespace postern::callout
