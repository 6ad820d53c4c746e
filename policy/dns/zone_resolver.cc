#include "policy/dns/zone_resolver.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include <fmt/format.h>

#include "policy/base/text.h"

namespace postern::dns {

namespace {

constexpr std::size_t kMostFileBytes = 64 * 1024 * 1024;  // local: read into memory at start

AnswerPtr failure(Status status, std::string problem) {
  Answer answer;
  answer.status = status;
  answer.trust = Trust::local;
  answer.problem = std::move(problem);
  return std::make_shared<const Answer>(std::move(answer));
}

AnswerPtr faulty(ZoneFault fault) {
  switch (fault) {
    case ZoneFault::nxdomain: return failure(Status::nxdomain, {});
    case ZoneFault::servfail: return failure(Status::tempfail, "SERVFAIL");
    case ZoneFault::timeout: return failure(Status::tempfail, "no answer in time");
    case ZoneFault::bogus: return failure(Status::bogus, "validation failure");
  }
  return failure(Status::tempfail, {});
}

void add(Answer& answer, const ZoneRecord& record) {
  if (record.address) answer.addresses.push_back(*record.address);
  switch (static_cast<Type>(record.type)) {
    case Type::a:
    case Type::aaaa: break;
    case Type::cname:
    case Type::ptr: answer.names.push_back(record.host); break;
    case Type::mx: answer.mx.push_back({record.preference, record.host}); break;
    case Type::txt: {
      std::string text = join(record.strings, "");
      if (text.size() <= kMostTextBytes) answer.texts.push_back(std::move(text));
      break;
    }
  }
}

AnswerPtr found(Answer answer, const Zone::Found& found) {
  answer.status = found.status;
  answer.trust = Trust::local;
  if (found.records.empty()) return std::make_shared<const Answer>(std::move(answer));
  answer.ttl = std::chrono::seconds(found.records.front()->ttl);
  const std::size_t count = std::min(found.records.size(), kMostRecords);
  for (std::size_t i = 0; i < count; ++i) {
    add(answer, *found.records[i]);
    answer.ttl = std::min(answer.ttl, std::chrono::seconds(found.records[i]->ttl));
  }
  if (answer.status == Status::ok && !answer.has_records()) return failure(Status::tempfail, "answer too large");
  std::stable_sort(answer.mx.begin(), answer.mx.end(),
                   [](const Mx& a, const Mx& b) { return a.preference < b.preference; });
  return std::make_shared<const Answer>(std::move(answer));
}

}  // namespace

ZoneResolver::ZoneResolver(Zone zone, std::unique_ptr<Resolver> outside)
    : zone_(std::move(zone)), outside_(std::move(outside)) {}

Result<std::unique_ptr<ZoneResolver>> ZoneResolver::parse(const std::string& file, std::string_view text) {
  Zone zone;
  if (auto error = zone.add(file, text)) return *std::move(error);
  return std::make_unique<ZoneResolver>(std::move(zone));
}

void ZoneResolver::prefetch(const Question& question) {
  if (outside_ && !zone_.covers(question.name.text())) outside_->prefetch(question);
}

AnswerPtr ZoneResolver::query(const Question& question, const Deadline& deadline) {
  return answer(question, deadline, &Resolver::query);
}

AnswerPtr ZoneResolver::query_uncached(const Question& question, const Deadline& deadline) {
  return answer(question, deadline, &Resolver::query_uncached);
}

void ZoneResolver::tick() {
  if (outside_) outside_->tick();
}

AnswerPtr ZoneResolver::answer(const Question& question, const Deadline& deadline, Ask ask) {
  Answer answer;
  std::string name = question.name.text();
  for (int cnames = 0; cnames <= kMostCnames; ++cnames) {
    if (outside_ && !zone_.covers(name)) return outside(std::move(answer), name, question.type, deadline, ask);
    const Zone::Found at = zone_.find(name, question.type);
    if (at.fault) return faulty(*at.fault);
    if (at.cname == nullptr) return found(std::move(answer), at);
    name = at.cname->host;
    answer.canonical_name = name;
  }
  return failure(Status::tempfail, "too many CNAMEs");
}

AnswerPtr ZoneResolver::outside(Answer so_far, const std::string& name, Type type, const Deadline& deadline, Ask ask) {
  const auto domain = Domain::parse(name);
  if (!domain) return failure(Status::tempfail, fmt::format("CNAME to {}", printable(name)));
  const AnswerPtr there = ((*outside_).*ask)({*domain, type}, deadline);
  if (so_far.canonical_name.empty()) return there;
  Answer answer = *there;
  if (answer.canonical_name.empty()) answer.canonical_name = so_far.canonical_name;
  return std::make_shared<const Answer>(std::move(answer));
}

Result<Zone> read_zone_files(const std::vector<std::string>& files) {
  Zone zone;
  for (const std::string& file : files) {
    std::ifstream in(file, std::ios::binary);
    std::string text;
    for (std::vector<char> chunk(64 * 1024); in && text.size() <= kMostFileBytes;) {
      in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
      text.append(chunk.data(), static_cast<std::size_t>(in.gcount()));
    }
    if (!in.eof()) {
      const bool large = text.size() > kMostFileBytes;
      return Error{large ? "zone file over 64 MiB" : fmt::format("cannot read the zone file: {}", std::strerror(errno)),
                   {file, 0, 0}};
    }
    if (auto error = zone.add(file, text)) return *std::move(error);
  }
  return zone;
}

}  // namespace postern::dns
