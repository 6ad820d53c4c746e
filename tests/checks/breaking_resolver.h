#pragma once

#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

#include "policy/dns/zone_resolver.h"

namespace postern::test {

struct Asked {
  dns::Question question;
  bool uncached;
  friend auto operator<=>(const Asked&, const Asked&) = default;
};

enum class Trouble { tempfail, bogus };

// Answers from a zone but for the questions in `broken`, and remembers what it was asked.
class BreakingResolver final : public dns::Resolver {
 public:
  explicit BreakingResolver(const std::string& zone) {
    auto parsed = dns::ZoneResolver::parse("zone", zone);
    if (!parsed) throw std::runtime_error(parsed.error().message);
    zone_ = std::move(parsed).value();
  }

  void prefetch(const dns::Question& question) override { prefetched.insert(question); }
  dns::AnswerPtr query(const dns::Question& question, const Deadline& deadline) override {
    return answer({question, false}, deadline);
  }
  dns::AnswerPtr query_uncached(const dns::Question& question, const Deadline& deadline) override {
    return answer({question, true}, deadline);
  }

  std::set<Asked> broken;
  Trouble trouble = Trouble::tempfail;
  bool honest = true;  // false: what failed is told as NODATA, as a careless resolver does
  std::set<Asked> asked;
  std::set<dns::Question> prefetched;

 private:
  dns::AnswerPtr answer(const Asked& what, const Deadline& deadline) {
    asked.insert(what);
    if (!broken.contains(what)) return zone_->query(what.question, deadline);
    dns::Answer failed;
    failed.status = !honest                     ? dns::Status::nodata
                    : trouble == Trouble::bogus ? dns::Status::bogus
                                                : dns::Status::tempfail;
    return std::make_shared<const dns::Answer>(std::move(failed));
  }

  std::unique_ptr<dns::Resolver> zone_;
};

}  // namespace postern::test
