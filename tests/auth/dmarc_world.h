#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include "policy/auth/dmarc/dmarc.h"
#include "policy/base/clock.h"
#include "policy/dns/zone_resolver.h"

namespace postern::test {

/// A zone that counts what it is asked.
class DmarcWorld final : public dns::Resolver {
 public:
  explicit DmarcWorld(std::string_view zone) {
    auto parsed = dns::ZoneResolver::parse("zone", zone);
    if (!parsed) throw std::runtime_error(parsed.error().message);
    zone_ = std::move(parsed).value();
  }

  void prefetch(const dns::Question& question) override { ++announced[question.name.text()]; }
  dns::AnswerPtr query(const dns::Question& question, const Deadline& deadline) override {
    ++asked[question.name.text() + " " + std::string(dns::name(question.type))];
    return zone_->query(question, deadline);
  }
  dns::AnswerPtr query_uncached(const dns::Question& question, const Deadline& deadline) override {
    ++asked[question.name.text() + " again"];
    return zone_->query(question, deadline);
  }

  dmarc::Result evaluate(const dmarc::Input& input, int dice = 0) {
    asked.clear();
    return dmarc::evaluate(input, *this, patient(), dice);
  }
  std::string organization(std::string_view domain, dmarc::Model model = dmarc::Model::rfc9989) {
    asked.clear();
    const auto found = dmarc::organizational_domain(*Domain::parse(domain), model, *this, patient());
    return found.domain ? found.domain->text() : std::string(dns::name(found.status));
  }
  bool aligned(std::string_view domain, std::string_view author, dmarc::Alignment mode,
               dmarc::Model model = dmarc::Model::rfc9989) {
    return dmarc::is_aligned(*Domain::parse(domain), *Domain::parse(author), mode, model, *this, patient());
  }

  /// How often each question was asked by the last evaluation.
  std::map<std::string, int> asked;
  std::map<std::string, int> announced;

 private:
  static Deadline patient() { return Deadline(SystemClock().now() + std::chrono::minutes(1)); }
  std::unique_ptr<dns::Resolver> zone_;
};

}  // namespace postern::test
