// A key record in the first line, then a message that was signed with its key, or says so.

#include <fmt/format.h>

#include <set>
#include <string>
#include <vector>

#include "policy/auth/dkim/base64.h"
#include "policy/auth/dkim/tag_list.h"
#include "policy/auth/dkim/verify.h"
#include "tests/auth/message.h"
#include "tests/fuzz/oracle.h"

using namespace postern;
using fuzz::hold;

namespace {

constexpr std::int64_t kNow = 1'764'300'000;

/// Has the record wherever it is asked.
class OneRecord final : public dns::Resolver {
 public:
  explicit OneRecord(std::string_view text) {
    answer_.status = dns::Status::ok;
    answer_.texts = {std::string(text)};
  }
  void prefetch(const dns::Question& question) override { asked.insert(question.name.text()); }
  dns::AnswerPtr query(const dns::Question& question, const Deadline&) override {
    asked.insert(question.name.text());
    return std::make_shared<const dns::Answer>(answer_);
  }
  dns::AnswerPtr query_uncached(const dns::Question& question, const Deadline& deadline) override {
    return query(question, deadline);
  }
  std::set<std::string> asked;

 private:
  dns::Answer answer_;
};

/// What is said of each signature where the body comes in pieces of `chunk` bytes.
std::string verify(const test::Message& message, std::string_view record, std::size_t chunk, bool lenient) {
  dkim::BodyHashes bodies;
  const dkim::Signatures signatures(message.header, "a.example", {.lenient = lenient}, bodies);
  for (std::string_view rest = message.body; !rest.empty(); rest.remove_prefix(std::min(chunk, rest.size())))
    bodies.update(rest.substr(0, chunk));
  bodies.finish();
  dkim::KeyCache keys;
  OneRecord dns(record);
  const auto results = signatures.verify(message.header, bodies, keys, dns, kNow, Deadline(SteadyTime::max()));
  hold(dns.asked.size() <= 5, "keys are asked for five times at most");
  for (const std::string& name : dns.asked)
    hold(name.find("._domainkey.") != std::string::npos && !fuzz::has_control(name), "a key has a name of its own");
  std::size_t fields = 0;
  for (const HeaderField& field : message.header) fields += field.is("DKIM-Signature") ? 1 : 0;
  hold(results.size() == fields && signatures.empty() == (fields == 0), "one result a field");
  std::string out;
  for (const dkim::Result& result : results) {
    const bool pass = result.status == dkim::Status::pass;
    hold(!pass || (!result.domain.empty() && (lenient || result.bits >= 256)), "a pass tells whose it is");
    hold(!pass || !result.truncated, "what is signed in part does not pass");
    out += fmt::format("{} {} ", dkim::name(result.status), result.reason);
  }
  return out;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const std::size_t line = std::min(text.find('\n'), text.size());
  const std::string_view record = text.substr(0, line);
  if (const auto tags = dkim::TagList::parse(record)) {
    std::set<std::string_view> names;
    for (const auto& tag : tags->tags()) {
      hold(names.insert(tag.name).second, "a tag is there once");
      hold(tag.value.find('\0') == std::string_view::npos, "a NUL is no value");  // FAULTS T25
    }
  }
  if (const auto bytes = dkim::decode_base64(record))
    hold(dkim::decode_base64(dkim::encode_base64(*bytes)) == bytes, "base64 comes back");

  const test::Message message = test::read_message(text.substr(std::min(text.size(), line + 1)));
  for (const bool lenient : {false, true}) {
    const std::string whole = verify(message, record, std::string::npos, lenient);
    hold(verify(message, record, 1, lenient) == whole, "cut anywhere, a body is the same");
    hold(verify(message, record, 67, lenient) == whole, "cut anywhere, a body is the same");
  }
  return 0;
}
