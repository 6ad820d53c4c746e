#include "policy/accounts/rows_directory.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

namespace postern::accounts {
namespace {

using namespace std::chrono_literals;

// 2026-07-01 12:00 UTC.
class July final : public Clock {
 public:
  SteadyTime now() const override { return SteadyTime(1000s); }
  WallTime wall() const override { return std::chrono::sys_days(std::chrono::year(2026) / 7 / 1) + 12h; }
};

class Rows final : public Source {
 public:
  explicit Rows(bool addresses) : addresses_(addresses) {}
  Reply find(const Question& question, const Deadline&) override {
    asked = question;
    return reply;
  }
  bool has(Lookup lookup) const override {
    return lookup == Lookup::login || (addresses_ && lookup == Lookup::address);
  }
  Reply reply = Reply::absent();
  Question asked;

 private:
  bool addresses_;
};

using Fields = std::vector<std::pair<std::string, std::string>>;

class World {
 public:
  explicit World(bool addresses = true)
      : rows(std::make_shared<Rows>(addresses)),
        directory("d", rows,
                  {{"tier", "tier", FactField::Type::text},
                   {"daily", "daily", FactField::Type::number},
                   {"vip", "vip", FactField::Type::yes_no}},
                  clock, counters) {}
  Answer answer(std::vector<Fields> of) {
    rows->reply = Reply::found({});
    for (Fields& fields : of) rows->reply.rows.push_back(Row{std::move(fields)});
    return directory.login("eva", Deadline(std::chrono::steady_clock::now()));
  }
  std::string state(std::string field, std::string value) {
    const Answer said = answer({{{std::move(field), std::move(value)}}});
    if (said.kind == Answer::Kind::unsure) return "unsure: " + said.problem;
    return std::string(name(said.record.state));
  }
  std::string fact(const std::string& field, std::string value) {
    const Answer said = answer({{{field, std::move(value)}}});
    const auto found = said.record.facts.find(field);
    return found == said.record.facts.end() ? "absent" : found->second;
  }

  July clock;
  Counters counters;
  std::shared_ptr<Rows> rows;
  RowsDirectory directory;
};

TEST(RowsDirectory, ReadsTheStateOfAnAccount) {
  World w;
  EXPECT_EQ(w.answer({{}}).record.state, State::active);  // that there is one is enough
  for (const char* yes : {"yes", "1", "t", "TRUE", "y", "on"}) EXPECT_EQ(w.state("active", yes), "active") << yes;
  for (const char* no : {"no", "0", "f", "False", "n", "off"}) EXPECT_EQ(w.state("active", no), "suspended") << no;
  EXPECT_EQ(w.state("state", "Locked"), "suspended");
  EXPECT_EQ(w.state("state", "expired"), "expired");
}

TEST(RowsDirectory, TakesAFarEndForNone) {
  World w;
  for (const char* never : {"9999-12-31", "9999-12-31 01:01:01", "2262-04-12", "9223372036", "253402300799"})
    EXPECT_EQ(w.state("expires", never), "active") << never;  // iRedMail, Postfix Admin: no end
  EXPECT_EQ(w.state("expires", "2026-06-30"), "expired");
}

TEST(RowsDirectory, IsUnsureOfAStateThatItCannotRead) {
  World w;
  EXPECT_EQ(w.state("active", "maybe"), "unsure: maybe is no value of active");
  EXPECT_EQ(w.state("active", ""), "unsure:  is no value of active");
  EXPECT_EQ(w.state("state", "2"), "unsure: 2 is no value of state");
  EXPECT_EQ(w.state("expires", "tomorrow"), "unsure: tomorrow is no value of expires");
  EXPECT_EQ(w.state("expires", "2026-13-01"), "unsure: 2026-13-01 is no value of expires");
  EXPECT_EQ(w.counters.get("accounts.unreadable_states").value(), 5);
}

TEST(RowsDirectory, KnowsWhenAnAccountExpires) {
  World w;
  EXPECT_EQ(w.state("expires", "2026-07-01"), "active");  // its last day
  EXPECT_EQ(w.state("expires", "2026-06-30"), "expired");
  EXPECT_EQ(w.state("expires", "2026-07-01 12:00:01"), "active");
  EXPECT_EQ(w.state("expires", "2026-07-01T12:00:00Z"), "expired");
  EXPECT_EQ(w.state("expires", "1782907201"), "active");
  EXPECT_EQ(w.state("expires", "1782907200"), "expired");
  EXPECT_EQ(w.state("expires", "0"), "active");
  EXPECT_EQ(w.state("expires", ""), "active");
  EXPECT_EQ(w.state("expires", "99999999999999"), "active");
}

TEST(RowsDirectory, SplitsListsAndJoinsRows) {
  World w;
  const Record record = w.answer({{{"user", "eva"}, {"email", "a@x.example, b@x.example"}, {"goto", "c@x.example"}},
                                  {{"login", "other"}, {"address", "b@x.example\nd@x.example"}, {"active", "no"}},
                                  {{"grants", "@x.example"},
                                   {"behalf", "e@x.example"},
                                   {"owners", "tom"},
                                   {"delegate", "ann"},
                                   {"sendable", "no"},
                                   {"unknown", "x"}}})
                            .record;
  using List = std::vector<std::string>;
  EXPECT_EQ(record.login, "eva");
  EXPECT_EQ(record.addresses, (List{"a@x.example", "b@x.example", "d@x.example"}));
  EXPECT_EQ(record.targets, List{"c@x.example"});
  EXPECT_EQ(record.grants, List{"@x.example"});
  EXPECT_EQ(record.behalf, List{"e@x.example"});
  EXPECT_EQ(record.owners, List{"tom"});
  EXPECT_EQ(record.delegates, List{"ann"});
  EXPECT_EQ(record.state, State::suspended);  // the worst of all rows
  EXPECT_FALSE(record.sendable);
}

TEST(RowsDirectory, TakesFactsOfTheirTypeAlone) {
  World w;
  EXPECT_EQ(w.fact("tier", " gold "), "gold");
  EXPECT_EQ(w.fact("daily", "250"), "250");
  EXPECT_EQ(w.fact("daily", "250.00"), "250");
  EXPECT_EQ(w.fact("daily", "many"), "absent");
  EXPECT_EQ(w.fact("daily", "2.5"), "absent");
  EXPECT_EQ(w.fact("vip", "t"), "yes");
  EXPECT_EQ(w.fact("vip", "2"), "absent");
  EXPECT_EQ(w.fact("other", "x"), "absent");
  EXPECT_EQ(w.counters.get("accounts.bad_facts").value(), 3);
}

TEST(RowsDirectory, AsksForAnAddressAsForALoginWhereThereIsNothingElse) {
  const Deadline now(std::chrono::steady_clock::now());
  World both;
  EXPECT_EQ(both.directory.address("eva", "x.example", now).kind, Answer::Kind::no);
  EXPECT_EQ(both.rows->asked, (Question{Lookup::address, "eva@x.example"}));
  World logins(false);
  EXPECT_EQ(logins.directory.address("eva", "x.example", now).kind, Answer::Kind::no);
  EXPECT_EQ(logins.rows->asked, (Question{Lookup::login, "eva@x.example"}));
  EXPECT_EQ(logins.directory.address("", "x.example", now).kind, Answer::Kind::silent);
}

TEST(RowsDirectory, PassesOnWhatIsUnsureLateOrStale) {
  World w;
  const Deadline now(std::chrono::steady_clock::now());
  w.rows->reply = Reply::failed("down");
  w.rows->reply.late = true;
  const Answer unsure = w.directory.login("eva", now);
  EXPECT_EQ(unsure.kind, Answer::Kind::unsure);
  EXPECT_EQ(unsure.problem, "down");
  EXPECT_TRUE(unsure.late);
  w.rows->reply = Reply::found({Row{}});
  w.rows->reply.stale = true;
  EXPECT_TRUE(w.directory.login("eva", now).stale);
}

}  // namespace
}  // namespace postern::accounts
