#include "policy/dns/wire.h"

#include <random>

#include "policy/dns/name_text.h"
#include "policy/dns/question_hash.h"

namespace postern::dns {
namespace {

using namespace std::string_literals;

Answer one(Type type, const std::string& rdata, LeftOut* left_out = nullptr) {
  LeftOut none;
  const std::vector<std::string_view> all{rdata};
  return answer_of(type, all, left_out == nullptr ? none : *left_out);
}

// The name a PTR record holds, "-" where it is malformed.
std::string name_of(const std::string& rdata) {
  const Answer answer = one(Type::ptr, rdata);
  return answer.names.empty() ? "-" : '"' + answer.names[0] + '"';
}

TEST(Wire, ReadsEachType) {
  EXPECT_EQ(one(Type::a, "\xc0\x00\x02\x01"s).addresses.at(0).text(), "192.0.2.1");
  EXPECT_EQ(one(Type::aaaa, "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01").addresses.at(0).text(),
            "2001:db8::1");
  EXPECT_EQ(one(Type::mx,
                "\x01\x02\x01"
                "A\x07"
                "example\x00"s)
                .mx.at(0),
            (Mx{258, "a.example"}));
  EXPECT_EQ(one(Type::mx, "\x00\x00\x00"s).mx.at(0), (Mx{0, ""}));
  EXPECT_EQ(one(Type::txt, "\x03one\x00\x04 two"s).texts.at(0), "one two");
  EXPECT_EQ(one(Type::txt,
                "\x03"
                "a\x00"
                "b"s)
                .texts.at(0),
            "a\0b"s);
  const std::vector<std::string> mx{
      "\x00\x14\x01"
      "b\x00"s,
      "\x00\x0a\x01"
      "c\x00"s,
      "\x00\x14\x01"
      "a\x00"s};
  LeftOut left_out;
  EXPECT_EQ(answer_of(Type::mx, std::vector<std::string_view>(mx.begin(), mx.end()), left_out).mx,
            (std::vector<Mx>{{10, "c"}, {20, "b"}, {20, "a"}}));
}

TEST(Wire, RefusesWhatIsMalformed) {
  const std::pair<Type, std::string> cases[] = {
      {Type::a, ""},
      {Type::a, "123"},
      {Type::a, "12345"},
      {Type::aaaa, "123456789012345"},
      {Type::aaaa, "12345678901234567"},
      {Type::mx, ""},
      {Type::mx, "\x00\x01"s},
      {Type::mx, "\x00\x01\x01"s},
      {Type::mx,
       "\x00\x01\x01"
       "a"s},
      {Type::mx, "\x00\x01\x00x"s},
      {Type::ptr, ""},
      {Type::ptr, "\xc0\x0c"s},
      {Type::ptr,
       "\x01"
       "a\xc0\x0c"s},
      {Type::ptr, "\x40" + std::string(64, 'a') + "\x00"s},
      {Type::txt, ""},
      {Type::txt,
       "\x05"
       "abc"},
      {Type::txt,
       "\x01"
       "a\xff"},
  };
  for (const auto& [type, rdata] : cases) {
    LeftOut left_out;
    const Answer answer = one(type, rdata, &left_out);
    EXPECT_EQ(answer.status, Status::tempfail) << name(type) << rdata;
    EXPECT_EQ(answer.problem, "malformed answer");
    EXPECT_EQ(left_out.malformed, 1);
  }
  const std::vector<std::string_view> half{"1234", "123"};
  LeftOut left_out;
  EXPECT_EQ(answer_of(Type::a, half, left_out).addresses.size(), 1u);
  EXPECT_EQ(left_out.malformed, 1);
}

TEST(Wire, WritesHostileNamesApart) {
  EXPECT_EQ(name_of("\x01"
                    "a\x01"
                    "b\x00"s),
            "\"a.b\"");
  EXPECT_EQ(name_of("\x03"
                    "a.b\x00"s),
            "\"a\\.b\"");
  EXPECT_EQ(name_of("\x02"
                    "\\.\x00"s),
            "\"\\\\\\.\"");
  EXPECT_EQ(name_of("\x03"
                    "a\0b\x00"s),
            "\"a\\000b\"");
  EXPECT_EQ(name_of("\x02"
                    "\r\n\x00"s),
            "\"\\013\\010\"");
  EXPECT_EQ(name_of("\x01\xff\x00"s), "\"\\255\"");
  EXPECT_EQ(name_of("\x00"s), "\"\"");
  std::string longest;
  for (int i = 0; i < 127; ++i)
    longest +=
        "\x01"
        "a";  // 254 octets and the root's
  EXPECT_EQ(name_of(longest + '\0').size(), 253u + 2);
  EXPECT_EQ(name_of(longest + "\x01"
                              "a\x00"s),
            "-");
  const auto wire = to_wire("a\\.b.\\000\\255");
  ASSERT_TRUE(wire);
  EXPECT_EQ(name_of(*wire), "\"a\\.b.\\000\\255\"");
}

TEST(Wire, StopsAtItsCaps) {
  LeftOut left_out;
  const std::vector<std::string_view> many(101, "1234");
  EXPECT_EQ(answer_of(Type::a, many, left_out).addresses.size(), 100u);
  EXPECT_EQ(left_out.over, 1);
  std::string text;
  for (int i = 0; i < 64; ++i) text += '\xff' + std::string(255, 'x');
  const std::string at_limit = text + '\x40' + std::string(64, 'x');  // 16 KiB
  EXPECT_EQ(one(Type::txt, at_limit).texts.at(0).size(), 16u * 1024);
  left_out = {};
  const Answer over = one(Type::txt, text + '\x41' + std::string(65, 'x'), &left_out);
  EXPECT_EQ(over.status, Status::tempfail);
  EXPECT_EQ(over.problem, "answer too large");
  EXPECT_EQ(left_out.over, 1);
  const std::string kibi = "\xff" + std::string(255, 'x') + "\xff" + std::string(255, 'x') + "\xff" +
                           std::string(255, 'x') + "\xff" + std::string(255, 'x');
  EXPECT_EQ(answer_of(Type::txt, std::vector<std::string_view>(64, kibi), left_out).status, Status::ok);
  EXPECT_EQ(answer_of(Type::txt, std::vector<std::string_view>(65, kibi), left_out).problem, "answer too large");
}

TEST(Wire, SurvivesAnyBytes) {
  std::mt19937 random(5);  // NOLINT: the same bytes in every run
  for (int i = 0; i < 200'000; ++i) {
    std::string bytes;
    for (auto n = random() % 40; n > 0; --n) bytes += static_cast<char>(random() % 3 == 0 ? random() : random() % 6);
    for (const Type type : {Type::a, Type::aaaa, Type::mx, Type::ptr, Type::txt}) {
      const Answer answer = one(type, bytes);
      for (const std::string& name : answer.names) ASSERT_TRUE(to_wire(name)) << name;
    }
    count_cnames(bytes);
  }
}

TEST(Wire, CountsCnames) {
  const std::string header = "\x12\x34\x81\x80\x00\x01\x00\x02\x00\x00\x00\x00"s;
  const std::string question =
      "\x01"
      "a\x00\x00\x01\x00\x01"s;
  const std::string cname =
      "\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x03\x01"
      "b\x00"s;
  const std::string address =
      "\x01"
      "b\x00\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04"
      "1234"s;
  EXPECT_EQ(count_cnames(header + question + cname + address), 1);
  EXPECT_EQ(count_cnames(header + question + cname + cname), 2);
  const std::string whole = header + question + cname + address;
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(count_cnames(whole.substr(0, size)), std::nullopt) << size;
}

TEST(QuestionHash, IsKeyed) {
  const Question question{*Domain::parse("a.example"), Type::a};
  EXPECT_EQ(QuestionHash(1, 2)(question), QuestionHash(1, 2)(question));
  EXPECT_NE(QuestionHash(1, 2)(question), QuestionHash(1, 3)(question));
  EXPECT_NE(QuestionHash(1, 2)(question), QuestionHash(1, 2)({question.name, Type::mx}));
  EXPECT_NE(QuestionHash()(question), QuestionHash()(question));
}

}  // namespace
}  // namespace postern::dns
