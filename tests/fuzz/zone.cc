#include <chrono>
#include <sstream>
#include <string>

#include "policy/dns/zone_resolver.h"
#include "tests/fuzz/oracle.h"

using namespace postern;
using fuzz::hold;

namespace {

constexpr dns::Type kTypes[] = {dns::Type::a,  dns::Type::cname, dns::Type::ptr,
                                dns::Type::mx, dns::Type::txt,   dns::Type::aaaa};
constexpr int kMostQuestions = 16;

void check_answer(const dns::AnswerPtr& answer) {
  hold(answer != nullptr, "there is an answer");
  const std::size_t records =
      answer->addresses.size() + answer->mx.size() + answer->names.size() + answer->texts.size();
  hold((answer->status == dns::Status::ok) == (records > 0), "ok has records, nothing else has");
  hold(records <= dns::kMostRecords, "at most 100 records");
  for (const std::string& text : answer->texts) hold(text.size() <= dns::kMostTextBytes, "a TXT of at most 16 KiB");
  for (const std::string& name : answer->names) hold(!fuzz::has_control(name), "names are escaped");
  hold(!fuzz::has_control(answer->canonical_name), "the canonical name is escaped");
  for (std::size_t i = 0; i < answer->mx.size(); ++i) {
    hold(!fuzz::has_control(answer->mx[i].host), "hosts are escaped");
    hold(i == 0 || answer->mx[i - 1].preference <= answer->mx[i].preference, "MX in order of preference");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(fuzz::text_of(data, size));
  const auto zone = dns::ZoneResolver::parse("f.zone", text);
  if (!zone) {
    const Place& where = zone.error().where;
    hold(where.file == "f.zone", "an error names the file");
    hold(where.line >= 1 && where.line <= 1 + std::count(text.begin(), text.end(), '\n'), "an error has a line");
    hold(where.column >= 1, "an error has a column");
    hold(!fuzz::has_control(zone.error().message), "an error is one line");
    return 0;
  }
  // Its own words are the names worth asking for.
  const Deadline deadline(std::chrono::steady_clock::now() + std::chrono::minutes(1));
  std::istringstream words(text);
  int asked = 0;
  for (std::string word; asked < kMostQuestions && words >> word;) {
    const auto name = Domain::parse(word);
    if (!name) continue;
    ++asked;
    for (const dns::Type type : kTypes) check_answer((*zone)->query({*name, type}, deadline));
  }
  return 0;
}
