#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/result.h"
#include "policy/dns/resolver.h"
#include "policy/dns/zone.h"

namespace postern::dns {

constexpr std::size_t kMostRecords = 100;          // FAULTS T41
constexpr std::size_t kMostTextBytes = 16 * 1024;  // FAULTS T41: the strings of one TXT record together
constexpr int kMostCnames = 8;                     // FAULTS T41

/// Answers from zone texts, without waiting: a TIMEOUT fault is a tempfail at once. Without a resolver behind it, it is
/// the whole world, and a name it does not have is NXDOMAIN; with one, names that the zone does not cover
/// (Zone::covers) are asked there, the ends of CNAMEs included. Thread-safe.
class ZoneResolver final : public Resolver {
 public:
  explicit ZoneResolver(Zone zone, std::unique_ptr<Resolver> outside = nullptr);
  /// Of one text; `file` names it in the Error.
  static Result<std::unique_ptr<ZoneResolver>> parse(const std::string& file, std::string_view text);

  void prefetch(const Question& question) override;
  AnswerPtr query(const Question& question, const Deadline& deadline) override;
  AnswerPtr query_uncached(const Question& question, const Deadline& deadline) override;
  void tick() override;
  bool in_doubt() const override { return outside_ && outside_->in_doubt(); }
  Health health() const override { return outside_ ? outside_->health() : Health(); }

 private:
  using Ask = AnswerPtr (Resolver::*)(const Question&, const Deadline&);
  AnswerPtr answer(const Question& question, const Deadline& deadline, Ask ask);
  AnswerPtr outside(Answer so_far, const std::string& name, Type type, const Deadline& deadline, Ask ask);

  const Zone zone_;
  const std::unique_ptr<Resolver> outside_;
};

/// Reads zone files into one Zone. Fails on the first that cannot be read or has an error, or is over 64 MiB.
Result<Zone> read_zone_files(const std::vector<std::string>& files);

}  // namespace postern::dns
