#include "tests/auth/dmarc_world.h"

namespace postern::dmarc {
namespace {

using test::DmarcWorld;

Domain domain(std::string_view text) { return *Domain::parse(text); }

std::string policy(std::string_view text) {
  const auto record = parse_record(text);
  return record ? std::string(name(*record->p)) : "-";
}

TEST(DmarcRecord, BeginsWithItsVersionAndNothingElse) {
  EXPECT_EQ(policy("v=DMARC1; p=reject"), "reject");
  EXPECT_EQ(policy("v=DMARC1;p=reject;"), "reject");
  EXPECT_EQ(policy(" V = DMARC1 ; P = Reject"), "reject");
  EXPECT_EQ(policy("p=reject; v=DMARC1"), "-");
  EXPECT_EQ(policy("v=dmarc1; p=reject"), "-");
  EXPECT_EQ(policy("v=DMARC1 p=reject"), "-");
  EXPECT_EQ(policy("v=DMARC1; p=reject; v=DMARC1"), "-");
}

TEST(DmarcRecord, PassesOverWhatItDoesNotKnow) {
  EXPECT_EQ(policy("v=DMARC1; x=1; p=reject; words; ;=; future=\xc3\xa4"), "reject");
  const auto record =
      parse_record("v=DMARC1; p=none; adkim=x; aspf=S; psd=q; t=Y; pct=200; fo=9; rua=a,mailto:b@c,x:!9");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->adkim, Alignment::relaxed);
  EXPECT_EQ(record->aspf, Alignment::strict);
  EXPECT_EQ(record->psd, Record::Psd::unknown);
  EXPECT_TRUE(record->testing);
  EXPECT_EQ(record->pct, 100);
  EXPECT_EQ(record->fo, "0");
  EXPECT_EQ(record->rua, (std::vector<std::string>{"mailto:b@c", "x:!9"}));
}

TEST(DmarcRecord, WithATagTwiceIsUnusable) {  // FAULTS T35
  EXPECT_EQ(policy("v=DMARC1; p=none; P=reject"), "-");
  EXPECT_EQ(policy("v=DMARC1; p=none; sp=none; sp=none"), "-");
  EXPECT_EQ(policy("v=DMARC1; p=none; x=1; x=1"), "-");
}

TEST(DmarcRecord, WithoutAPolicyAsksForReportsAtMost) {  // RFC 9989 4.10.1
  EXPECT_EQ(policy("v=DMARC1"), "-");
  EXPECT_EQ(policy("v=DMARC1; sp=reject"), "-");
  EXPECT_EQ(policy("v=DMARC1; rua=mailto:a@b.example"), "none");
  EXPECT_EQ(policy("v=DMARC1; p=reject; sp=x"), "-");
  EXPECT_EQ(policy("v=DMARC1; p=reject; np=x; rua=mailto:a@b.example"), "none");
  EXPECT_FALSE(parse_record("v=DMARC1; p=x; sp=reject; rua=mailto:a@b.example")->sp);
  EXPECT_EQ(policy(std::string_view("v=DMARC1; p=reject\0", 19)), "-") << "a NUL is part of the value";
}

TEST(DmarcRecord, IsBounded) {
  std::string uris = "v=DMARC1; p=none; rua=mailto:a@b.example";
  for (int i = 0; i < 100; ++i) uris += ",mailto:a@b.example";
  EXPECT_EQ(parse_record(uris)->rua.size(), 20u);
  const auto tags = [](int count) {
    std::string text = "v=DMARC1; p=none";
    for (int i = 0; i < count; ++i) text += ";t" + std::to_string(i) + "=";
    return text;
  };
  EXPECT_EQ(policy(tags(98)), "none");
  EXPECT_EQ(policy(tags(99)), "-");
  EXPECT_EQ(policy("v=DMARC1; p=none; x=" + std::string(16 * 1024, 'x')), "-");
}

std::string author_of(std::vector<std::string> from) {
  std::vector<HeaderField> header;
  for (std::string& value : from) header.push_back({.name = "From", .value = std::move(value)});
  const Author found = author(read_addresses(header));
  EXPECT_NE(found.domain.has_value(), !found.problem.empty());
  return found.domain ? found.domain->text() : found.problem;
}

// FAULTS T16
TEST(DmarcAuthor, IsNeverAGuess) {
  EXPECT_EQ(author_of({"A <a@A.example>"}), "a.example");
  EXPECT_EQ(author_of({"a@a.example, b@A.EXAMPLE"}), "a.example");
  EXPECT_EQ(author_of({"\xe2\x80\x8b@a.example"}), "a.example") << "nobody differs on the domain";
  EXPECT_EQ(author_of({}), "no From field");
  EXPECT_EQ(author_of({"a@a.example", "a@a.example"}), "several From fields");
  EXPECT_EQ(author_of({"a@a.example, b@b.example"}), "From has addresses of several domains");
  EXPECT_EQ(author_of({"g: a@a.example;"}), "From is a group");
  EXPECT_EQ(author_of({"two words"}), "From: no address");
  EXPECT_EQ(author_of({"<root>"}), "From has an address without a domain");
  EXPECT_EQ(author_of({"a@[192.0.2.1]"}), "From has an address without a domain");
  for (const char* value : {"", " ", "(only a comment)", "<>", "a@a.example <b@b.example>", "<@b.example:a@a.example>",
                            "a@a.example(b@b.example)@c.example", "=?utf-8?q?a=40a.example?=@b.example", "a@a.example>",
                            "a@a.example, <", "\"a@a.example", "a@a..example", "a@-,b@b.example"})
    EXPECT_THAT(author_of({value}), testing::StartsWith("From")) << value;
  std::string many = "a0@a.example";
  for (int i = 1; i <= 1000; ++i) many += ", a@a.example";
  EXPECT_THAT(author_of({many}), testing::StartsWith("From: ")) << "what is not looked at could be of another domain";
}

constexpr const char* kWalk =
    "_dmarc.example.com. TXT \"v=DMARC1; p=reject; np=none\"\n"
    "_dmarc.n.example.com. TXT \"v=DMARC1; p=none; psd=n\"\n"
    "_dmarc.bank. TXT \"v=DMARC1; p=reject; psd=y\"\n"
    "_dmarc.own.bank. TXT \"v=DMARC1; p=quarantine\"\n"
    "; FAULT _dmarc.slow.example. TIMEOUT\n"
    "; FAULT _dmarc.bad.example. BOGUS\n"
    "_dmarc.x.slow.example. TXT \"v=DMARC1; p=reject\"\n"
    "_dmarc.n.slow.example. TXT \"v=DMARC1; p=reject; psd=n\"\n";

TEST(DmarcWalk, FindsTheOrganization) {  // RFC 9989 4.10.2
  DmarcWorld world(kWalk);
  EXPECT_EQ(world.organization("a.mail.example.com"), "example.com") << "the record with the fewest labels";
  EXPECT_EQ(world.organization("a.n.example.com"), "n.example.com") << "psd=n";
  EXPECT_EQ(world.organization("a.b.bank"), "b.bank") << "one below psd=y";
  EXPECT_EQ(world.organization("a.own.bank"), "own.bank");
  EXPECT_EQ(world.organization("bank"), "bank") << "psd=y at the start";
  EXPECT_EQ(world.organization("a.b.nowhere"), "a.b.nowhere") << "no record: itself";
  EXPECT_EQ(world.organization("a.slow.example"), "tempfail");
  EXPECT_EQ(world.organization("a.bad.example"), "bogus");
  EXPECT_EQ(world.organization("n.slow.example"), "n.slow.example") << "nothing above a psd=n is asked";
  EXPECT_EQ(world.organization("a.acme.co.uk", Model::psl), "acme.co.uk");
  EXPECT_EQ(world.organization("co.uk", Model::psl), "co.uk");
  EXPECT_TRUE(world.asked.empty());
}

std::string labels(int count, std::string_view above) {
  std::string name;
  for (int i = 0; i < count; ++i) name += "a.";
  return name + std::string(above);
}

TEST(DmarcWalk, AsksEightNamesAtMost) {
  DmarcWorld world(kWalk);
  EXPECT_EQ(world.organization("a.b.c.d.e.f.g.h.i.j.mail.example.com"), "example.com");
  std::vector<std::string> names;
  for (const auto& [question, times] : world.asked) names.push_back(question);
  EXPECT_THAT(names,
              testing::UnorderedElementsAre("_dmarc.a.b.c.d.e.f.g.h.i.j.mail.example.com TXT",
                                            "_dmarc.g.h.i.j.mail.example.com TXT", "_dmarc.h.i.j.mail.example.com TXT",
                                            "_dmarc.i.j.mail.example.com TXT", "_dmarc.j.mail.example.com TXT",
                                            "_dmarc.mail.example.com TXT", "_dmarc.example.com TXT", "_dmarc.com TXT"));
  for (const int count : {6, 7, 8, 100}) {  // 8 labels, one more, two more, many
    EXPECT_EQ(world.organization(labels(count, "example.com")), "example.com");
    EXPECT_EQ(world.asked.size(), 8u) << count;
  }
  EXPECT_EQ(world.organization(labels(124, "n.a.b")), labels(124, "n.a.b"));
  EXPECT_EQ(world.asked.size(), 7u) << "127 labels: below the whole name there is no room for _dmarc";
  EXPECT_EQ(questions(domain(labels(100, "example.com")), Model::rfc9989).size(), 8u);
  EXPECT_EQ(questions(domain("example.com"), Model::rfc9989).size(), 2u);
  EXPECT_EQ(questions(domain("a.b.example.com"), Model::psl).size(), 2u);
  EXPECT_EQ(questions(domain("example.com"), Model::psl).size(), 1u);
}

TEST(DmarcAlignment, StrictIsTheSameName) {  // FAULTS T35
  DmarcWorld world(kWalk);
  for (const Model model : {Model::rfc9989, Model::psl}) {
    EXPECT_TRUE(world.aligned("a.example.com", "a.example.com", Alignment::strict, model));
    EXPECT_FALSE(world.aligned("a.example.com", "example.com", Alignment::strict, model));
    EXPECT_TRUE(world.aligned("a.example.com", "example.com", Alignment::relaxed, model)) << "what strict keeps out";
    EXPECT_FALSE(world.aligned("com", "example.com", Alignment::relaxed, model));
    EXPECT_FALSE(world.aligned("example.org", "example.com", Alignment::relaxed, model));
    EXPECT_FALSE(world.aligned("a.other.com", "a.example.com", Alignment::relaxed, model));
  }
  EXPECT_FALSE(world.aligned("n.example.com", "example.com", Alignment::relaxed)) << "psd=n parts them";
  EXPECT_FALSE(world.aligned("a.bank", "b.bank", Alignment::relaxed));
  EXPECT_TRUE(world.aligned("x.a.bank", "y.a.bank", Alignment::relaxed));
  EXPECT_FALSE(world.aligned("b.slow.example", "a.slow.example", Alignment::relaxed)) << "not known is not aligned";
}

constexpr const char* kPolicies =
    "_dmarc.a.example. TXT \"v=DMARC1; p=reject; sp=quarantine; np=none; pct=30\"\n"
    "here.a.example. A 192.0.2.1\n"
    "; FAULT unsure.a.example. SERVFAIL\n"
    "_dmarc.own.a.example. TXT \"v=DMARC1; p=none; sp=reject\"\n"
    "_dmarc.broken.a.example. TXT \"v=DMARC1; p=x\"\n"
    "_dmarc.two.a.example. TXT \"v=DMARC1; p=none\"\n"
    "_dmarc.two.a.example. TXT \"v=DMARC1; p=none\"\n"
    "two.a.example. A 192.0.2.1\n"
    "_dmarc.test.example. TXT \"v=DMARC1; p=reject; sp=quarantine; t=y\"\n"
    "x.test.example. A 192.0.2.1\n"
    "_dmarc.bank. TXT \"v=DMARC1; p=none; sp=quarantine; np=reject; psd=y\"\n"
    "real.bank. A 192.0.2.1\n"
    "; FAULT _dmarc.dead.example. SERVFAIL\n"
    "_dmarc.x.dead.example. TXT \"v=DMARC1; p=reject\"\n"
    "_dmarc.y.x.dead.example. TXT \"v=DMARC1; p=reject; aspf=s\"\n"
    "; FAULT _dmarc.top. BOGUS\n"
    "_dmarc.z.top. TXT \"v=DMARC1; p=reject\"\n";

Input from(std::string_view author, Model model = Model::rfc9989) {
  return {.author = domain(author), .spf = {}, .dkim = {}, .model = model};
}
Input from(std::string_view author, std::string_view spf) {
  Input input = from(author);
  input.spf = domain(spf);
  return input;
}

std::string said(const Result& result) {
  return std::string(name(result.status)) + " " + std::string(name(result.policy)) + " " +
         std::string(name(result.disposition));
}

TEST(Dmarc, AppliesThePolicyThatIsMeant) {
  DmarcWorld world(kPolicies);
  EXPECT_EQ(said(world.evaluate(from("a.example"))), "fail reject reject");
  EXPECT_EQ(said(world.evaluate(from("here.a.example"))), "fail quarantine quarantine");
  EXPECT_EQ(said(world.evaluate(from("own.a.example"))), "fail none none") << "sp= is for names below";
  EXPECT_EQ(said(world.evaluate(from("real.bank"))), "fail quarantine quarantine");
  const Result ghost = world.evaluate(from("ghost.bank"));
  EXPECT_EQ(said(ghost), "fail reject reject");
  EXPECT_TRUE(ghost.nonexistent);
  EXPECT_EQ(world.asked.count("ghost.bank again"), 1u) << "before it costs the author something";
  EXPECT_EQ(ghost.policy_domain->text(), "bank");
  EXPECT_EQ(ghost.organization->text(), "ghost.bank");
  EXPECT_EQ(said(world.evaluate(from("ghost.a.example"))), "fail none none");
  EXPECT_EQ(world.asked.count("ghost.a.example again"), 0u);
  EXPECT_EQ(said(world.evaluate(from("ghost.a.example", Model::psl), 29)), "fail quarantine quarantine");
}

TEST(Dmarc, ADomainThatIsTestingIsSpared) {
  DmarcWorld world(kPolicies);
  EXPECT_EQ(said(world.evaluate(from("test.example"))), "fail reject quarantine");
  EXPECT_EQ(said(world.evaluate(from("x.test.example"))), "fail quarantine none");
  EXPECT_EQ(said(world.evaluate(from("test.example", Model::psl))), "fail reject reject") << "RFC 7489 knows no t=";
  EXPECT_EQ(said(world.evaluate(from("a.example", Model::psl), 29)), "fail reject reject");
  EXPECT_EQ(said(world.evaluate(from("a.example", Model::psl), 30)), "fail reject quarantine");
  EXPECT_EQ(said(world.evaluate(from("a.example"), 99)), "fail reject reject") << "RFC 9989 knows no pct=";
}

TEST(Dmarc, WithoutAUsableRecordIsNoneOrAnError) {
  DmarcWorld world(kPolicies);
  EXPECT_EQ(said(world.evaluate(from("nowhere.example", "nowhere.example"))), "none none none");
  EXPECT_EQ(said(world.evaluate(from("broken.a.example"))), "permerror none none");
  EXPECT_EQ(said(world.evaluate(from("two.a.example"))), "fail quarantine quarantine") << "RFC 9989: as if none";
  EXPECT_EQ(said(world.evaluate(from("two.a.example", Model::psl))), "none none none") << "RFC 7489 6.6.3 ends";
  EXPECT_EQ(said(world.evaluate(from("co.uk", Model::psl))), "none none none");
}

TEST(Dmarc, DnsFailureIsNeverNone) {  // FAULTS T35
  DmarcWorld world(kPolicies);
  EXPECT_EQ(said(world.evaluate(from("dead.example"))), "temperror none none");
  EXPECT_EQ(said(world.evaluate(from("dead.example", "dead.example"))), "temperror none none");
  EXPECT_EQ(said(world.evaluate(from("a.dead.example"))), "temperror none none");
  EXPECT_EQ(said(world.evaluate(from("a.top"))), "temperror none none") << "bogus";
  EXPECT_EQ(said(world.evaluate(from("a.dead.example", Model::psl))), "temperror none none");
  EXPECT_EQ(said(world.evaluate(from("unsure.a.example"))), "temperror quarantine none") << "np= might apply";
  EXPECT_EQ(said(world.evaluate(from("x.dead.example", "w.x.dead.example"))), "temperror reject none");
}

TEST(Dmarc, APassThatIsCertainStaysOne) {
  DmarcWorld world(kPolicies);
  EXPECT_EQ(said(world.evaluate(from("x.dead.example", "x.dead.example"))), "pass reject none");
  EXPECT_EQ(said(world.evaluate(from("q.x.dead.example", "q.x.dead.example"))), "pass none none");
  EXPECT_EQ(said(world.evaluate(from("x.dead.example", "other.test"))), "fail reject reject") << "nothing in common";
  EXPECT_EQ(said(world.evaluate(from("y.x.dead.example", "x.dead.example"))), "fail reject reject") << "strict";
  EXPECT_EQ(said(world.evaluate(from("unsure.a.example", "here.a.example"))), "pass quarantine none");
  Input maybe = from("a.example", "here.a.example");
  maybe.dkim_unanswered = {domain("b.a.example")};
  EXPECT_EQ(said(world.evaluate(maybe)), "pass reject none");
  maybe.spf.reset();
  EXPECT_EQ(said(world.evaluate(maybe)), "temperror reject none");
  maybe.dkim_unanswered = {domain("other.example")};
  maybe.spf_unanswered = domain("another.example");
  EXPECT_EQ(said(world.evaluate(maybe)), "fail reject reject") << "their answer would have changed nothing";
  maybe.spf_unanswered = domain("a.example");
  EXPECT_EQ(said(world.evaluate(maybe)), "temperror reject none");
}

TEST(Dmarc, NamesTheSignatureThatIsAligned) {
  DmarcWorld world(kPolicies);
  Input input = from("a.example");
  input.dkim = {{domain("other.example"), "s1"}, {domain("here.a.example"), "s2"}, {domain("a.example"), "s3"}};
  Result result = world.evaluate(input);
  EXPECT_TRUE(result.dkim_aligned && !result.spf_aligned);
  EXPECT_EQ(result.aligned_selector, "s3") << "the same name needs no question";
  input.dkim.pop_back();
  result = world.evaluate(input);
  EXPECT_EQ(result.aligned_selector, "s2");
  EXPECT_EQ(result.aligned_domain->text(), "here.a.example");
  input.most_dkim = 1;
  EXPECT_EQ(world.evaluate(input).status, Status::fail) << "only so many are looked at";
}

TEST(Dmarc, AsksNothingTwiceAndNothingInVain) {
  DmarcWorld world(kPolicies);
  Input input = from("here.a.example", "b.a.example");
  for (int i = 0; i < 100; ++i) input.dkim.push_back({domain("d" + std::to_string(i) + ".other.example")});
  EXPECT_EQ(world.evaluate(input).status, Status::pass);
  for (const auto& [question, times] : world.asked) EXPECT_EQ(times, 1) << question;
  EXPECT_EQ(world.asked.size(), 4u) << "three of the author's walk, one more of SPF's; no stranger's";
  world.evaluate(from("a.example", "a.example"));
  EXPECT_EQ(world.asked.size(), 1u);
  Input deep = from(labels(100, "a.example"));
  for (int i = 0; i < 100; ++i) deep.dkim.push_back({domain("d" + std::to_string(i) + "." + labels(90, "a.example"))});
  deep.dkim.erase(deep.dkim.begin() + 16, deep.dkim.end());
  EXPECT_EQ(world.evaluate(deep).status, Status::pass);
  EXPECT_LE(world.asked.size(), 8u + 16 + 1);
}

}  // namespace
}  // namespace postern::dmarc
