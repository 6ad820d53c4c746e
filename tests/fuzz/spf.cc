#include "policy/auth/spf/spf.h"

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "policy/auth/spf/record.h"
#include "policy/base/text.h"
#include "policy/dns/name_text.h"
#include "tests/fuzz/oracle.h"

using namespace postern;
using fuzz::hold;

namespace {

constexpr std::size_t kMostQuestions = 111;  // FAULTS T29
constexpr std::size_t kMostAnswerRecords = 12;

// DNS as the input has it: each new question is answered by the next line. Its first letter is what the answer is (t: a
// text, r: a record of the type asked for; n, d, s, b, l: NXDOMAIN, NODATA, SERVFAIL, bogus, late), its words are the
// records.
class Oracle final : public dns::Resolver {
 public:
  explicit Oracle(std::vector<std::string_view> lines) : lines_(std::move(lines)) {}

  void prefetch(const dns::Question& question) override {
    hold(dns::to_wire(question.name.text()).has_value(), "a question has a wire form");
    seen_.insert(question);
  }
  dns::AnswerPtr query(const dns::Question& question, const Deadline&) override {
    prefetch(question);
    auto& answer = answers_[question];
    if (!answer) answer = next(question.type);
    return answer;
  }
  dns::AnswerPtr query_uncached(const dns::Question& question, const Deadline& deadline) override {
    return query(question, deadline);
  }
  std::size_t questions() const { return seen_.size(); }

 private:
  dns::AnswerPtr next(dns::Type type) {
    const std::string_view line = lines_.empty() ? "n" : lines_[next_++ % lines_.size()];
    auto answer = std::make_shared<dns::Answer>();
    switch (line.empty() ? 'n' : line.front()) {
      case 't': answer->texts.emplace_back(line.substr(1)); break;
      case 'r': add_records(*answer, type, line.substr(1)); break;
      case 'd': answer->status = dns::Status::nodata; return answer;
      case 's': return answer;
      case 'b': answer->status = dns::Status::bogus; return answer;
      case 'l': answer->late = true; return answer;
      default: answer->status = dns::Status::nxdomain; return answer;
    }
    answer->status = answer->has_records() ? dns::Status::ok : dns::Status::nodata;
    return answer;
  }

  static void add_records(dns::Answer& answer, dns::Type type, std::string_view words) {
    for (const std::string_view word : split(words, ' ')) {
      if (answer.addresses.size() + answer.mx.size() + answer.names.size() + answer.texts.size() == kMostAnswerRecords)
        return;
      if (type == dns::Type::txt) answer.texts.emplace_back(word);
      if (type == dns::Type::mx) answer.mx.push_back({1, std::string(word)});
      if (type == dns::Type::ptr) answer.names.emplace_back(word);
      const auto address = IpAddress::parse(word);
      const bool fits = address && address->is_v4() == (type == dns::Type::a);
      if (fits && (type == dns::Type::a || type == dns::Type::aaaa)) answer.addresses.push_back(*address);
    }
  }

  const std::vector<std::string_view> lines_;
  std::size_t next_ = 0;
  std::map<dns::Question, dns::AnswerPtr> answers_;
  std::set<dns::Question> seen_;
};

bool is_line_of_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

void check_field(const spf::Result& result, const spf::Query& query) {
  const std::string value = spf::received_spf(result, query);
  bool first = true;
  for (const std::string_view line : split(value, '\n')) {
    hold(line.size() <= 998, "a field's line is short");
    hold(first || line.starts_with('\t'), "a field's line goes on");
    hold(is_line_of_ascii(first ? line : line.substr(1)), "a field is ASCII without control bytes");
    first = false;
  }
}

void check_result(const spf::Result& result) {
  hold(result.lookups <= 10, "at most ten terms ask");
  hold(result.reason.size() <= 200 && !fuzz::has_control(result.reason), "a reason is a short line");
  hold(result.mechanism.size() <= 200 && is_line_of_ascii(result.mechanism), "a mechanism is a short line of ASCII");
  hold(result.explanation.size() <= 400 && is_line_of_ascii(result.explanation),
       "an explanation is a short line of ASCII");
  hold(result.explanation.empty() || result.status == spf::Status::fail, "only a fail is explained");
  hold(!result.capped || result.status == spf::Status::permerror, "a limit is a permerror");
}

}  // namespace

/// Lines: client, HELO, MAIL FROM, and what DNS answers.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string_view> lines = split(fuzz::text_of(data, size), '\n');
  lines.resize(std::max<std::size_t>(lines.size(), 3));
  const auto client = IpAddress::parse(lines[0]);
  spf::Query query{.client = client ? *client : IpAddress::v4({192, 0, 2, 1}),
                   .helo = std::string(lines[1]),
                   .mail_from = std::string(lines[2])};
  lines.erase(lines.begin(), lines.begin() + 3);
  const Deadline deadline(std::chrono::steady_clock::now() + std::chrono::minutes(1));

  Oracle plain(lines);
  const spf::Result result = spf::check(query, plain, deadline);
  check_result(result);
  hold(result.explanation.empty(), "nobody asked for an explanation");
  hold(plain.questions() <= kMostQuestions, "a zone is never asked more than 111 questions");
  check_field(result, query);

  const spf::Result again = spf::check(query, plain, deadline);
  hold(again.status == result.status && again.reason == result.reason, "the same answers give the same result");

  Oracle explained(lines);
  const spf::Result with = spf::check(query, explained, deadline, {.explain = true});
  check_result(with);
  hold(with.status == result.status && with.reason == result.reason, "an explanation changes no result");
  hold(explained.questions() <= kMostQuestions + 12, "an explanation costs a text and the client's names");

  query.identity = spf::Identity::helo;
  check_result(spf::check(query, plain, deadline));
  return 0;
}
