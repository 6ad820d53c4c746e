#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/rules/outcome.h"

namespace postern::rules {

/// What the values of a fact are, and so which comparisons it takes.
enum class FactType {
  text,     ///< std::string
  address,  ///< Mailbox, or std::string where it is no legal one; absent for the null reverse-path
  domain,   ///< Domain, or std::string where it is no legal one
  ip,       ///< IpAddress
  number,   ///< std::int64_t
  bytes,    ///< std::int64_t, compared with `25 MB`
  yes_no,   ///< bool, or absent for no
  word,     ///< std::string, one of FactDoc::words, compared with `is`
};
std::string_view name(FactType type);

/// One fact of the language (LANGUAGE 4). This table is what the compiler, the reference and the documentation's tests
/// read.
struct FactDoc {
  std::string_view name;  ///< "client.ip"; "header." takes a name behind its dot
  FactType type = FactType::text;
  Stage stage = Stage::connect;
  Scope scope = Scope::message;
  bool later = false;    ///< of the language, not of this version
  bool several = false;  ///< may have several values
  std::span<const std::string_view> words = {};
  std::string_view doc = {};
  std::string_view of_check =
      {};  ///< the check whose finding holds it; what stands behind the last dot is its name there
  std::span<const std::string_view> also_of = {};  ///< checks that come first, where a rule has asked them already

  bool is_prefix() const { return name.ends_with('.'); }
};

std::span<const FactDoc> fact_table();
/// What texts may tell of a limit: `{limit.NAME.used}`.
struct LimitFact {
  std::string_view name;
  std::string_view doc;
};
std::span<const LimitFact> limit_facts();
/// The fact of that name: `header.X-Foo` finds "header.". Null when the language has none.
const FactDoc* find_fact(std::string_view name);

/// Every check that the language names, those of later versions among them; "dnsbl." takes a name behind its dot.
std::span<const std::string_view> check_names();
bool is_check_name(std::string_view name);

/// One action of the language (LANGUAGE 2).
struct ActionDoc {
  std::string_view name;
  bool final = false;
  bool later = false;
  std::string_view value;  ///< the form of its value
  std::string_view doc;
};
std::span<const ActionDoc> action_table();
const ActionDoc* find_action(std::string_view name);

}  // namespace postern::rules
