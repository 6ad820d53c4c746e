#include "policy/accounts/tables/postfix_result.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "policy/accounts/tables/percent.h"
#include "policy/base/text.h"

namespace postern::accounts {

namespace {

// `%s %u %d` are of the result, `%S %U %D` and digits of the key. Nothing where a part is not there.
std::optional<std::string> formatted(const std::string& format, const std::string& result, const Question& key) {
  const Question value{Lookup::value, result};
  std::string out;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out += format[i];
      continue;
    }
    const char what = format[++i];
    if (what == '%') {
      out += '%';
      continue;
    }
    KeyTemplate part(KeyTemplate::Missing::nothing);
    add_percent(part, what);
    const bool of_result = what == 's' || what == 'u' || what == 'd';
    const auto text = part.expand(of_result ? value : key);
    if (!text) return std::nullopt;
    out += *text;
  }
  return out;
}

// Keys of domains that the table does not have, and what is no address, are not asked for.
bool is_eligible(const PostfixResult& result, const Question& question) {
  if (result.domains.empty()) return true;
  const std::string domain = ascii_lower(question.domain());
  return !question.local().empty() && !domain.empty() &&
         std::find(result.domains.begin(), result.domains.end(), domain) != result.domains.end();
}

class PostfixBackend final : public Backend {
 public:
  PostfixBackend(std::unique_ptr<Backend> inner, const PostfixResult& result)
      : inner_(std::move(inner)), result_(result) {}

  Reply ask(const Question& question, SteadyTime until) override {
    if (!is_eligible(result_, question)) return Reply::absent();
    Reply reply = inner_->ask(question, until);
    usable_ = inner_->usable();
    if (reply.status != Reply::Status::found) return reply;
    std::vector<std::string> values;
    for (const Row& row : reply.rows) {
      for (const auto& [field, value] : row.fields) {
        if (value.empty()) continue;
        if (auto text = formatted(result_.format, value, question)) values.push_back(std::move(*text));
        if (result_.limit == 0 || values.size() <= result_.limit) continue;
        usable_ = true;
        return Reply::failed("more results than expansion_limit");
      }
    }
    return values.empty() ? Reply::absent() : Reply::value(join(values, ","));
  }
  bool usable() const override { return usable_; }

 private:
  const std::unique_ptr<Backend> inner_;
  const PostfixResult& result_;
  bool usable_ = false;
};

class PostfixConnector final : public Connector {
 public:
  PostfixConnector(std::vector<std::shared_ptr<const Connector>> inner, PostfixResult result)
      : inner_(std::move(inner)), result_(std::move(result)) {}

  Result<std::unique_ptr<Backend>> connect(SteadyTime until) const override {
    Result<std::unique_ptr<Backend>> made = Error{"no server", {}};
    for (std::size_t i = 0; i < inner_.size() && !made; ++i) {
      // One that says nothing leaves time for the others.
      const auto now = std::chrono::steady_clock::now();
      made = inner_[i]->connect(now + (until - now) / static_cast<std::int64_t>(inner_.size() - i));
    }
    if (!made) return made;
    return std::unique_ptr<Backend>(std::make_unique<PostfixBackend>(std::move(made).value(), result_));
  }
  bool has(Lookup lookup) const override { return lookup == Lookup::value; }
  std::string describe() const override { return inner_.front()->describe(); }

 private:
  const std::vector<std::shared_ptr<const Connector>> inner_;
  const PostfixResult result_;
};

}  // namespace

bool is_result_format(std::string_view format) {
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') continue;
    KeyTemplate ignored;
    if (++i >= format.size() || (format[i] != '%' && !add_percent(ignored, format[i]))) return false;
  }
  return true;
}

std::shared_ptr<const Connector> make_postfix_connector(std::vector<std::shared_ptr<const Connector>> inner,
                                                        PostfixResult result) {
  return std::make_shared<PostfixConnector>(std::move(inner), std::move(result));
}

}  // namespace postern::accounts
