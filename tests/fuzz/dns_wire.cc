#include "policy/dns/wire.h"

#include <string>
#include <vector>

#include "policy/base/text.h"
#include "policy/dns/name_text.h"
#include "policy/dns/zone_resolver.h"
#include "tests/fuzz/oracle.h"

using namespace postern;
using fuzz::hold;

namespace {

constexpr dns::Type kTypes[] = {dns::Type::a,  dns::Type::cname, dns::Type::ptr,
                                dns::Type::mx, dns::Type::txt,   dns::Type::aaaa};

// Records, each behind its length in two octets; the last one may be cut.
std::vector<std::string_view> records_of(std::string_view rest) {
  std::vector<std::string_view> records;
  while (rest.size() >= 2) {
    const std::size_t length =
        static_cast<std::size_t>(static_cast<unsigned char>(rest[0])) << 8 | static_cast<unsigned char>(rest[1]);
    records.push_back(rest.substr(2, length));
    rest.remove_prefix(2 + records.back().size());
  }
  return records;
}

// A name's text is the name: what it stands for is what came, but for case.
void check_name(const std::string& name, const std::vector<std::string_view>& records, std::size_t offset) {
  hold(!fuzz::has_control(name), "names are escaped");
  const auto wire = dns::to_wire(name);
  hold(wire.has_value(), "a name has a wire form");
  const auto same = [&](std::string_view record) {
    return record.size() >= offset && ascii_lower(record.substr(offset)) == *wire;
  };
  hold(std::any_of(records.begin(), records.end(), same), "a name survives its text");
}

void check_answer(dns::Type type, const std::vector<std::string_view>& records) {
  dns::LeftOut left_out;
  const dns::Answer answer = dns::answer_of(type, records, left_out);
  const std::size_t taken = answer.addresses.size() + answer.mx.size() + answer.names.size() + answer.texts.size();
  hold(taken <= dns::kMostRecords, "at most 100 records");
  hold((answer.status == dns::Status::nodata) == records.empty(), "nodata is an empty answer");
  if (answer.status == dns::Status::tempfail) return hold(taken == 0 && !answer.problem.empty(), "tempfail says why");
  hold((answer.status == dns::Status::ok) == (taken > 0), "ok has records, nothing else has");
  hold(taken + static_cast<std::size_t>(left_out.over + left_out.malformed) == records.size(),
       "what is left out is counted");
  for (const std::string& text : answer.texts) hold(text.size() <= dns::kMostTextBytes, "a TXT of at most 16 KiB");
  for (const std::string& name : answer.names) check_name(name, records, 0);
  for (std::size_t i = 0; i < answer.mx.size(); ++i) {
    check_name(answer.mx[i].host, records, 2);
    hold(i == 0 || answer.mx[i - 1].preference <= answer.mx[i].preference, "MX in order of preference");
  }
}

}  // namespace

/// The first byte is the type, the rest the records; all of it is a message, too.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all = fuzz::text_of(data, size);
  if (const auto cnames = dns::count_cnames(all))
    hold(*cnames >= 0 && static_cast<std::size_t>(*cnames) <= size / 11, "no more CNAMEs than there is room for");
  if (size == 0) return 0;
  check_answer(kTypes[data[0] % std::size(kTypes)], records_of(all.substr(1)));
  return 0;
}
