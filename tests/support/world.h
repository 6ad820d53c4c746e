#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/counters.h"
#include "policy/checks/registry.h"
#include "policy/dns/resolver.h"
#include "policy/evidence/backends.h"
#include "policy/evidence/signing.h"
#include "policy/evidence/site.h"
#include "policy/mail/direction.h"
#include "policy/mail/facts.h"
#include "tests/support/fake_store.h"

namespace postern::test {

/// A small world for a check: a zone, a site, and one message at a time.
///
///     World w("null.example. MX 0 .\n");
///     EXPECT_EQ(w.check("sender-domain", "a@null.example"), "null-mx");
///
/// The site is mx.home.example, which serves home.example at 198.51.99.1. Waits for nothing: what the zone does not
/// answer fails.
class World {
 public:
  /// `zone` is zone text as `--zone` takes it; throws std::runtime_error where it is wrong.
  explicit World(std::string_view zone);
  /// The same over another resolver, which outlives it.
  explicit World(dns::Resolver& resolver);
  ~World();

  /// The outcome of a check with `subject`: the client's address for a check at connect (empty: none), the recipient for
  /// a check of recipients, the header as lines of text for a check at its end (the whole message, an empty line before its body, for
  /// one at the end), else what HELO and MAIL say.
  std::string check(std::string_view name, std::string_view subject);
  Finding finding(std::string_view name, std::string_view subject);
  /// Who is connected, for a check after connect: an address (empty: none), and the name that the MTA verified.
  void client(std::string_view address, std::string name = {});
  /// What MAIL says for a check at the end of the header, and who has logged in for every check (empty: nobody).
  void mail_from(std::string path) { mail_from_ = std::move(path); }
  void login(std::string name) { login_ = std::move(name); }
  void direction(Direction direction) { direction_ = direction; }
  void helo(std::string name) { helo_ = std::move(name); }
  void now(std::int64_t unix_time) { unix_time_ = unix_time; }
  void signs(Signing signing) { signing_ = std::make_shared<const Signing>(std::move(signing)); }
  /// Strangers may not be asked any more, as in `mode: monitor`.
  void probe_nobody() { may_probe_ = false; }
  /// `checks: NAME: KEY: VALUE`.
  void set(const std::string& name, const std::string& key, const std::string& value);
  /// From now on nobody knows which domains are ours.
  void lose_site_domains();

  Site& site() { return site_; }
  /// Its directories are those of the world; the rest the checks make for themselves.
  Backends& backends() { return backends_; }
  store::Store& store() { return store_; }
  Counters& counters() { return counters_; }

 private:
  std::vector<ConfiguredCheck> checks() const;

  std::unique_ptr<dns::Resolver> owned_;
  dns::Resolver& resolver_;
  Site site_;
  Backends backends_;
  std::string mail_from_;
  std::string login_;
  std::string helo_;
  std::int64_t unix_time_ = 0;
  std::shared_ptr<const Signing> signing_;
  Direction direction_ = Direction::inbound;
  bool may_probe_ = true;
  SystemClock clock_;
  FakeStore store_;
  Client client_;
  Counters counters_;
  std::map<std::string, std::map<std::string, std::string>> settings_;
};

/// A settings map as the configuration reader makes it.
Node settings_node(const std::map<std::string, std::map<std::string, std::string>>& settings);
/// The fields of a header: lines with their colon, those that begin with a blank continuing the one above.
std::vector<HeaderField> header_fields(std::string_view text);
/// The type of the check of that name.
const CheckType& check_type(std::string_view name);

}  // namespace postern::test
