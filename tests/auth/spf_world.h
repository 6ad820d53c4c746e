#pragma once

#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "policy/auth/spf/spf.h"
#include "policy/dns/zone_resolver.h"

namespace postern::test {

/// A zone, and what is asked of it.
class SpfWorld final : public dns::Resolver {
 public:
  explicit SpfWorld(std::string_view zone) {
    auto parsed = dns::ZoneResolver::parse("zone", zone);
    if (!parsed) throw std::runtime_error(fmt::format("{}:{}", parsed.error().where.line, parsed.error().message));
    zone_ = std::move(parsed).value();
  }

  spf::Result check(spf::Query query, spf::Options options = {}) {
    return spf::check(query, *this, Deadline(std::chrono::steady_clock::now() + std::chrono::minutes(1)), options);
  }
  /// "result mechanism", of `mail_from` at a client that greets as mail.client.example.
  std::string check(std::string_view mail_from, std::string_view client = "192.0.2.1") {
    const spf::Result result = check(query(mail_from, client));
    return fmt::format("{} {}", spf::name(result.status), result.mechanism);
  }
  static spf::Query query(std::string_view mail_from, std::string_view client = "192.0.2.1") {
    return {.client = *IpAddress::parse(client), .helo = "mail.client.example", .mail_from = std::string(mail_from)};
  }

  /// Different questions so far, announced or asked.
  std::size_t questions() const { return seen_.size(); }
  std::size_t announced() const { return announced_.size(); }
  bool was_announced(std::string_view name, dns::Type type) const {
    return announced_.contains({*Domain::parse(name), type});
  }
  /// No answer to questions for this name comes before the deadline.
  void hold(std::string_view name) { held_ = name; }

  void prefetch(const dns::Question& question) override {
    announced_.insert(question);
    seen_.insert(question);
  }
  dns::AnswerPtr query(const dns::Question& question, const Deadline& deadline) override {
    seen_.insert(question);
    if (question.name.text() == held_) {
      dns::Answer late;
      late.late = true;
      late.problem = "no answer yet";
      return std::make_shared<const dns::Answer>(std::move(late));
    }
    return zone_->query(question, deadline);
  }
  dns::AnswerPtr query_uncached(const dns::Question& question, const Deadline& deadline) override {
    return query(question, deadline);
  }

 private:
  std::unique_ptr<dns::Resolver> zone_;
  std::set<dns::Question> seen_;
  std::set<dns::Question> announced_;
  std::string held_;
};

}  // namespace postern::test
