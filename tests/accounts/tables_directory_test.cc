#include "policy/accounts/tables/tables_directory.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "policy/base/text.h"
#include "tests/accounts/conformance.h"

namespace postern::accounts {
namespace {

using conformance::soon;
using Kind = Answer::Kind;

class FakeTable final : public Source {
 public:
  explicit FakeTable(std::map<std::string, std::string> values) : values_(std::move(values)) {}
  Reply find(const Question& question, const Deadline&) override {
    asked.push_back(question.key);
    if (down) return Reply::failed("down");
    const auto found = values_.find(question.key);
    if (found == values_.end()) return Reply::absent();
    Reply reply = Reply::value(found->second);
    reply.stale = stale;
    return reply;
  }
  bool has(Lookup lookup) const override { return lookup == Lookup::value; }

  bool down = false, stale = false;
  std::vector<std::string> asked;

 private:
  std::map<std::string, std::string> values_;
};

std::shared_ptr<FakeTable> table(std::map<std::string, std::string> values) {
  return std::make_shared<FakeTable>(std::move(values));
}

struct Tested {
  explicit Tested(Tables tables, std::vector<std::string> local_domains = {})
      : it("tables", std::move(tables), counters, std::move(local_domains)) {}
  Counters counters;
  TablesDirectory it;
};

std::string told(const Answer& answer) {
  switch (answer.kind) {
    case Kind::yes: break;
    case Kind::no: return "no";
    case Kind::silent: return "silent";
    case Kind::unsure: return "unsure: " + answer.problem + join(answer.record.owners, "!");
  }
  return join(answer.record.owners, " ") + " > " + join(answer.record.targets, " ") +
         (answer.record.mailbox ? "" : " (takes no mail)") + (answer.stale ? " (stale)" : "");
}

std::string address(Tested& directory, std::string_view text) {
  return told(conformance::ask_address(directory.it, text));
}

TEST(TablesDirectory, IsABackEndAsAllOthers) {
  const auto senders = table({conformance::kTable.begin(), conformance::kTable.end()});
  const auto logins = table({{"eva", "eva@acme.example, sales@acme.example"}, {"tom", "tom@acme.example"}});
  const auto aliases = table({{"info@acme.example", "eva@acme.example, tom@acme.example"}});
  Tested directory({.senders = {senders}, .mailboxes = {}, .aliases = {aliases}, .logins = {logins}});
  conformance::World world;
  world.state = world.facts = world.shared = false;
  world.kill = [&] { senders->down = logins->down = true; };
  world.revive = [&] { senders->down = logins->down = false; };
  conformance::check_directory(directory.it, world);
}

TEST(TablesDirectory, JoinsAllTablesOfARole) {  // FIELD pain 7
  Tested directory({.senders = {table({{"info@a.example", "eva"}}), table({{"info@a.example", "tom eva"}})},
                    .aliases = {table({{"info@a.example", "bob@a.example"}}),
                                table({{"info@a.example", "\"a b\"@a.example,, ,sue"}})}});
  EXPECT_EQ(address(directory, "info@a.example"), "eva tom > bob@a.example \"a b\"@a.example sue");
}

TEST(TablesDirectory, AnAliasBesideAMailboxTakesNobodysAddressAway) {
  Tested directory({.senders = {table({{"bob@a.example", "bob"}})},
                    .mailboxes = {table({{"bob@a.example", "a/bob/"}})},
                    .aliases = {table({{"bob@a.example", "eva@a.example"}})}});
  EXPECT_EQ(address(directory, "bob@a.example"), "bob > eva@a.example");
}

TEST(TablesDirectory, KnowsWhatIsForSendingAlone) {
  Tested directory({.senders = {table({{"news@a.example", "eva"}, {"@b.example", "eva"}})}});
  EXPECT_EQ(address(directory, "news@a.example"), "eva >  (takes no mail)");
  EXPECT_EQ(address(directory, "@b.example"), "eva >  (takes no mail)");
  EXPECT_EQ(address(directory, "x@b.example"), "no");  // who asks asks for @b.example, too
}

TEST(TablesDirectory, AsksBareNamesOfLocalDomainsAlone) {
  const auto senders = table({{"eva", "eva"}, {"tom@host.example", "boss"}, {"tom", "tom"}});
  Tested directory({.senders = {senders}}, {"host.example"});
  EXPECT_EQ(address(directory, "eva@host.example"), "eva >  (takes no mail)");
  EXPECT_EQ(address(directory, "eva@other.example"), "no");
  EXPECT_EQ(address(directory, "tom@host.example"), "boss >  (takes no mail)");
  EXPECT_EQ(address(directory, "@host.example"), "no");
}

TEST(TablesDirectory, AsksInPostfixsQuotes) {
  const auto senders = table({{"\"a b\"@a.example", "eva"}});
  Tested directory({.senders = {senders}});
  EXPECT_EQ(address(directory, "a b@a.example"), "eva >  (takes no mail)");
  (void)address(directory, "a\"b@a.example");
  EXPECT_EQ(senders->asked, (std::vector<std::string>{"\"a b\"@a.example", "\"a\\\"b\"@a.example"}));
}

TEST(TablesDirectory, IsUnsureOnceOneTableIs) {
  const auto first = table({{"info@a.example", "eva"}}), second = table({});
  Tested directory({.senders = {first, second}, .logins = {first}});
  second->down = true;
  EXPECT_EQ(address(directory, "info@a.example"), "unsure: down");
  first->down = true;
  EXPECT_EQ(told(directory.it.login("eva", soon())), "unsure: down");
  first->down = second->down = false;
  first->stale = true;
  EXPECT_EQ(address(directory, "info@a.example"), "eva >  (takes no mail) (stale)");
}

TEST(TablesDirectory, CountsWhatItLeavesOut) {
  std::string many;
  for (int i = 0; i < 1500; ++i) many += "login" + std::to_string(i) + ", ";
  Tested directory({.senders = {table({{"info@a.example", many}})}});
  EXPECT_EQ(conformance::ask_address(directory.it, "info@a.example").record.owners.size(), kMostRows);
  EXPECT_EQ(directory.counters.get("accounts.tables.capped").value(), 1);
}

TEST(TablesDirectory, IsSilentWhereItHasNoTable) {
  Tested nothing({});
  EXPECT_EQ(told(nothing.it.login("eva", soon())), "silent");
  EXPECT_EQ(address(nothing, "eva@a.example"), "silent");
}

}  // namespace
}  // namespace postern::accounts
