#include "policy/accounts/sql/sql_text.h"

#include "policy/accounts/sql/sql_connector.h"
#include "tests/fuzz/oracle.h"

using namespace postern;
using namespace postern::accounts;
using fuzz::hold;

namespace {

void look_at(std::string_view query, Dialect dialect, bool postfix) {
  const auto parse = [&](std::string_view text, SqlProblem& problem) {
    return postfix ? parse_postfix_query(text, dialect, problem)
                   : parse_query(text, dialect, parameters_of(Lookup::address), problem);
  };
  SqlProblem problem;
  const auto parsed = parse(query, problem);
  if (!parsed) {
    hold(!problem.message.empty() && problem.offset <= query.size(), "a problem has a place");
    return;
  }
  for (const KeyTemplate& bound : parsed->bound) {
    hold(bound.has_parts(), "what is bound has a part of the key");
    (void)bound.expand({Lookup::address, "eva@acme.example"});
    (void)bound.expand({Lookup::address, ""});
  }
  if (postfix || !parsed->bound.empty()) return;
  const auto again = parse(parsed->text, problem);
  hold(again && again->text == parsed->text, "what has no parameter is read as it is written");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view query = fuzz::text_of(data, size);
  for (const Dialect dialect : {Dialect::postgresql, Dialect::mariadb, Dialect::sqlite}) {
    look_at(query, dialect, false);
    look_at(query, dialect, true);
  }
  return 0;
}
