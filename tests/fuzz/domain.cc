#include "policy/dns/domain.h"

#include <string>

#include "tests/fuzz/oracle.h"

using namespace postern;
using fuzz::hold;

namespace {

bool is_label_byte(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; }

void check_shape(const Domain& domain) {
  hold(!domain.text().empty() && domain.text().size() <= 253, "1 to 253 bytes");
  std::string joined;
  for (const std::string_view label : domain.labels()) {
    hold(!label.empty() && label.size() <= 63, "labels of 1 to 63 bytes");
    hold(std::all_of(label.begin(), label.end(), is_label_byte), "lower-case letters, digits, - and _");
    joined += (joined.empty() ? "" : ".") + std::string(label);
  }
  hold(joined == domain.text(), "the labels are the text");
}

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto domain = Domain::parse(fuzz::text_of(data, size));
  if (!domain) return 0;
  check_shape(*domain);
  for (const std::string& again : {domain->text(), domain->text() + ".", upper(domain->text())})
    hold(Domain::parse(again) == domain, "a domain survives its text");
  std::size_t labels = domain->labels().size();
  for (auto parent = domain->parent(); parent; parent = parent->parent()) {
    check_shape(*parent);
    hold(parent->labels().size() == --labels, "a parent has one label less");
    hold(domain->is_within(*parent) && !parent->is_within(*domain), "a name is within its parents");
    hold(Domain::parse(parent->text()) == parent, "a parent survives its text");
  }
  const std::size_t last = domain->text().rfind('.') + 1;
  const bool is_number = domain->text().find_first_not_of("0123456789", last) == std::string::npos;
  hold(labels == 1 || is_number, "parents end at one label, or before the form of an address");
  return 0;
}
