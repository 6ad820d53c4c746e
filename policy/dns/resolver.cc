#include "policy/dns/resolver.h"

#include <algorithm>

namespace postern::dns {

std::string_view name(Status status) {
  switch (status) {
    case Status::ok: return "ok";
    case Status::nodata: return "nodata";
    case Status::nxdomain: return "nxdomain";
    case Status::tempfail: return "tempfail";
    case Status::bogus: return "bogus";
  }
  return "";
}

std::string_view name(Type type) {
  switch (type) {
    case Type::a: return "A";
    case Type::cname: return "CNAME";
    case Type::ptr: return "PTR";
    case Type::mx: return "MX";
    case Type::txt: return "TXT";
    case Type::aaaa: return "AAAA";
  }
  return "";
}

namespace {

// What both answers say together; one NODATA means that the name exists.
Status without_addresses(Status a, Status aaaa) {
  for (const Status status : {Status::bogus, Status::tempfail, Status::nodata}) {
    if (a == status || aaaa == status) return status;
  }
  return Status::nxdomain;
}

}  // namespace

Answer addresses(Resolver& resolver, const Domain& name, const Deadline& deadline) {
  const Question a{name, Type::a};
  const Question aaaa{name, Type::aaaa};
  resolver.prefetch(a);
  resolver.prefetch(aaaa);
  const AnswerPtr first = resolver.query(a, deadline);
  const AnswerPtr second = resolver.query(aaaa, deadline);
  Answer both;
  both.addresses = first->addresses;
  both.addresses.insert(both.addresses.end(), second->addresses.begin(), second->addresses.end());
  both.canonical_name = first->canonical_name.empty() ? second->canonical_name : first->canonical_name;
  both.status = both.addresses.empty() ? without_addresses(first->status, second->status) : Status::ok;
  both.secure = first->secure && second->secure;
  both.trust = std::max(first->trust, second->trust);
  both.late = both.status == Status::tempfail && (first->late || second->late);
  both.ttl = std::min(first->ttl, second->ttl);
  if (both.status == Status::tempfail || both.status == Status::bogus) {
    both.problem = first->problem.empty() ? second->problem : first->problem;
  }
  return both;
}

}  // namespace postern::dns
