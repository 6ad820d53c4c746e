#include "policy/rules/list.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "policy/rules/list_entries.h"
#include "tests/support/temp_folder.h"

namespace postern::rules {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Node text(std::string value) {
  Node node;
  node.kind = Node::Kind::scalar;
  node.text = std::move(value);
  node.where = {"p.yaml", 1, 1};
  return node;
}

Node entries(std::vector<std::string> values) {
  Node node;
  node.kind = Node::Kind::list;
  for (std::string& value : values) node.items.push_back(text(std::move(value)));
  return node;
}

class ListTest : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& content) {
    // Renamed into place, as editors do: the inode then tells, where the clock is too coarse to.
    std::ofstream(folder_ / "new") << content;
    std::filesystem::rename(folder_ / "new", folder_ / name);
    return folder_ / name;
  }
  List::Answer has(const Value& value, std::int64_t at = 1'800'000'000) { return list_->contains(value, at); }
  std::vector<std::string> compile(const Node& node) {
    Problems problems;
    list_ = compile_list("l", node, folder_.path(), problems);
    std::vector<std::string> lines;
    for (const Problem& p : problems.sorted()) lines.push_back(p.line());
    return lines;
  }

  test::TempFolder folder_;
  std::shared_ptr<List> list_;
};

constexpr auto kYes = List::Answer::yes;
constexpr auto kNo = List::Answer::no;

TEST_F(ListTest, KnowsDomainsAndWhatIsBelowThem) {
  ASSERT_THAT(compile(entries({"example.org", ".example.net", "BÜCHER.example"})), IsEmpty());
  EXPECT_EQ(has(*Domain::parse("Example.ORG")), kYes);
  EXPECT_EQ(has(*Domain::parse("www.example.org")), kNo);
  EXPECT_EQ(has(*Domain::parse("example.net")), kYes);
  EXPECT_EQ(has(*Domain::parse("a.b.example.net")), kYes);
  EXPECT_EQ(has(*Domain::parse("badexample.net")), kNo);
  EXPECT_EQ(has(*Domain::parse("xn--bcher-kva.example")), kYes);
  EXPECT_EQ(has(std::string("WWW.Example.Net")), kYes) << "a text is a name too";
}

TEST_F(ListTest, KnowsAddressesWithoutTheirTags) {
  ASSERT_THAT(compile(entries({"Jo@example.org", "example.net"})), IsEmpty());
  const auto mailbox = [](const char* local, const char* domain) { return Mailbox{local, Domain::parse(domain), {}}; };
  EXPECT_EQ(has(mailbox("jO", "example.org")), kYes);
  EXPECT_EQ(has(mailbox("jo+news", "example.org")), kYes);
  EXPECT_EQ(has(mailbox("joe", "example.org")), kNo);
  EXPECT_EQ(has(mailbox("jo", "example.net")), kNo) << "a domain is no address";
}

TEST_F(ListTest, KnowsNetworks) {
  ASSERT_THAT(compile(entries({"192.0.2.0/24", "::1", "2001:db8::/33", "::ffff:198.51.100.7", "0.0.0.0/32"})),
              IsEmpty());
  const auto ip = [](const char* t) { return *IpAddress::parse(t); };
  EXPECT_EQ(has(ip("192.0.2.255")), kYes);
  EXPECT_EQ(has(ip("192.0.3.0")), kNo);
  EXPECT_EQ(has(ip("::1")), kYes);
  EXPECT_EQ(has(ip("2001:db8:7fff::1")), kYes);
  EXPECT_EQ(has(ip("2001:db8:8000::1")), kNo);
  EXPECT_EQ(has(ip("198.51.100.7")), kYes);
  EXPECT_EQ(has(ip("::ffff:192.0.2.1")), kYes);
}

TEST_F(ListTest, KnowsNames) {
  ASSERT_THAT(compile(entries({"Anna Berger", "Sở Nội vụ"})), IsEmpty());
  EXPECT_EQ(has(std::string("ANNA berger")), kYes);
  EXPECT_EQ(has(std::string("SỞ NỘI VỤ")), kYes);
  EXPECT_EQ(has(std::string("Anna")), kNo);
}

TEST_F(ListTest, LetsEntriesEnd) {
  ASSERT_THAT(compile(entries({"example.org until 2026-12-31"})), IsEmpty());
  EXPECT_EQ(has(*Domain::parse("example.org"), 1798761599), kYes);
  EXPECT_EQ(has(*Domain::parse("example.org"), 1798761600), kNo);
  EXPECT_EQ(parse_until("2026-02-29"), std::nullopt);
  EXPECT_EQ(parse_until("2028-02-29"), 1835481600);
}

TEST_F(ListTest, TellsBrokenEntries) {
  EXPECT_THAT(compile(entries({"192.0.2.1/24", "a@@b@", ".a b", "x until never"})),
              ElementsAre(HasSubstr("\"192.0.2.1/24\" is no network"), HasSubstr("\"a@@b@\" is no address"),
                          HasSubstr("\".a b\" is no domain"), HasSubstr("\"never\" is no date")));
  EXPECT_THAT(compile(text("example.org")), ElementsAre(HasSubstr("list \"l\" wants entries, not a text")));
}

TEST_F(ListTest, ReadsAFileAgainWhenItHasChanged) {
  write("domains", "# ours\nexample.org  # first\n\nexample.net until 2026-01-01\n");
  ASSERT_THAT(compile(entries({"file:domains", "inline.example"})), IsEmpty());
  EXPECT_EQ(has(*Domain::parse("example.org")), kYes);
  EXPECT_EQ(has(*Domain::parse("example.net")), kNo);
  EXPECT_EQ(has(*Domain::parse("inline.example")), kYes);
  EXPECT_THAT(list_->refresh(), IsEmpty());
  write("domains", "new.example\n");
  EXPECT_THAT(list_->refresh(), IsEmpty());
  EXPECT_EQ(has(*Domain::parse("new.example")), kYes);
  EXPECT_EQ(has(*Domain::parse("example.org")), kNo);
}

TEST_F(ListTest, KeepsTheOldListWhenTheFileBreaks) {
  const std::string path = write("domains", "example.org\n");
  ASSERT_THAT(compile(entries({"file:domains"})), IsEmpty());
  write("domains", "other.example\n192.0.2.1/24\n");
  EXPECT_THAT(list_->refresh(), ElementsAre(HasSubstr(path + ":2: \"192.0.2.1/24\" is no network")));
  EXPECT_EQ(has(*Domain::parse("example.org")), kYes);
  EXPECT_EQ(has(*Domain::parse("other.example")), kNo);
  EXPECT_THAT(list_->refresh(), IsEmpty()) << "told once a change";
  std::filesystem::remove(path);
  EXPECT_EQ(list_->refresh().size(), 1u);
  EXPECT_EQ(has(*Domain::parse("example.org")), kYes);
}

TEST_F(ListTest, IsUnavailableUntilItsFileIsThere) {
  EXPECT_THAT(compile(entries({"file:domains"})),
              ElementsAre(HasSubstr("warning: " + folder_.path() + "/domains: No such file")));
  EXPECT_EQ(has(*Domain::parse("example.org")), List::Answer::unavailable);
  write("domains", "example.org\n");
  EXPECT_THAT(list_->refresh(), IsEmpty());
  EXPECT_EQ(has(*Domain::parse("example.org")), kYes);
  write("broken", "a@@\n");
  EXPECT_THAT(compile(entries({"file:broken"})), ElementsAre(HasSubstr("broken:1: \"a@@\" is no address")));
}

}  // namespace
}  // namespace postern::rules
