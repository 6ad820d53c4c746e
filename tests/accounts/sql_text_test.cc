#include "policy/accounts/sql/sql_text.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "policy/accounts/sql/sql_connector.h"

namespace postern::accounts {
namespace {

constexpr auto pg = Dialect::postgresql;
constexpr auto my = Dialect::mariadb;
constexpr auto lite = Dialect::sqlite;

std::string told(const std::optional<SqlText>& parsed, const SqlProblem& problem) {
  if (!parsed) return fmt::format("{}: {}", problem.offset, problem.message);
  std::string out = parsed->text;
  for (const KeyTemplate& bound : parsed->bound)
    out += " | " + bound.expand({Lookup::value, "eva@mail.acme.example"}).value_or("-");
  return out;
}
// The text, and what is bound for the login eva@mail.acme.example.
std::string login(std::string_view query, Dialect dialect = pg) {
  SqlProblem problem;
  return told(parse_query(query, dialect, parameters_of(Lookup::login), problem), problem);
}
std::string postfix(std::string_view query, Dialect dialect = pg) {
  SqlProblem problem;
  return told(parse_postfix_query(query, dialect, problem), problem);
}

TEST(SqlText, BindsEachParameterInTheWayOfItsDatabase) {
  EXPECT_EQ(login("select 1 where a = :login"), "select 1 where a = $1 | eva@mail.acme.example");
  EXPECT_EQ(login("a=:local and b=:domain or c=:local"), "a=$1 and b=$2 or c=$3 | eva | mail.acme.example | eva");
  EXPECT_EQ(login("a=:login", my), "a=? | eva@mail.acme.example");
  EXPECT_EQ(login("a=:login", lite), "a=?1 | eva@mail.acme.example");
  EXPECT_EQ(login("f(:login,:local)", lite), "f(?1,?2) | eva@mail.acme.example | eva");
}

TEST(SqlText, TakesNoTextNameCommentOrCastForAParameter) {
  EXPECT_EQ(login("select ':login' , 'it''s :x'"), "select ':login' , 'it''s :x'");
  EXPECT_EQ(login("select \":login\""), "select \":login\"");
  EXPECT_EQ(login("select `:login`", my), "select `:login`");
  EXPECT_EQ(login("select [:login]", lite), "select [:login]");
  EXPECT_EQ(login("select :login::text"), "select $1::text | eva@mail.acme.example");
  EXPECT_EQ(login("select a::text, b::int"), "select a::text, b::int");
  EXPECT_EQ(login("set @a := 1", my), "set @a := 1");
  EXPECT_EQ(login("select $$ :x ' $$, $t$ :x $$ $t$"), "select $$ :x ' $$, $t$ :x $$ $t$");
  EXPECT_EQ(login("select a -- :x '\n, b"), "select a  \n, b");
  EXPECT_EQ(login("select a /* :x ' */, b"), "select a  , b");
  EXPECT_EQ(login("select a /* /* */ :x */, b"), "select a  , b");
  EXPECT_EQ(login("select a # :x '\n, b", my), "select a  \n, b");
  EXPECT_EQ(login("select 1--1", my), "select 1--1");
  EXPECT_EQ(login("select 'it\\'s :x'", my), "select 'it\\'s :x'");
  EXPECT_EQ(login("select \"it\\\"s :x\"", my), "select \"it\\\"s :x\"");
  EXPECT_EQ(login("select E'it\\'s :x', e'\\\\'"), "select E'it\\'s :x', e'\\\\'");
  EXPECT_EQ(login("select 'a\\', :login"), "select 'a\\', $1 | eva@mail.acme.example");
  EXPECT_EQ(login("select a[1:2]"), "select a[1:2]");
  EXPECT_EQ(login("select data ? 'x'"), "select data ? 'x'");
  EXPECT_EQ(login("select a$b, c$d$e"), "select a$b, c$d$e");
}

TEST(SqlText, TellsWhatIsWrongAndWhere) {
  EXPECT_EQ(login("select :name"), "7: there is no parameter :name; there are :login :local :domain");
  EXPECT_EQ(login("select :loginx"), "7: there is no parameter :loginx; there are :login :local :domain");
  EXPECT_EQ(login("select 'a"), "7: a quote without an end");
  EXPECT_EQ(login("select $$a"), "7: a quote without an end");
  EXPECT_EQ(login("select /* a"), "7: a comment without an end");
  EXPECT_EQ(login("select $1"), "7: $ and a number would be a parameter of the database's own");
  EXPECT_EQ(login("select ?", my), "7: ? would be a parameter of the database's own");
  EXPECT_EQ(login("select @a", lite), "7: @ would be a parameter of the database's own");
  EXPECT_EQ(login("select 1; drop table a"), "10: a second statement");
  EXPECT_EQ(login("select 1; -- that is all"), "select 1  ");
  EXPECT_EQ(login("select /*!50000 :login */", my), "7: a comment that is run cannot be understood");
  EXPECT_EQ(login("  "), "0: there is no query");
}

TEST(SqlText, BindsALiteralOfPostfixAsAWhole) {
  EXPECT_EQ(postfix("where a = '%s'"), "where a = $1 | eva@mail.acme.example");
  EXPECT_EQ(postfix("where a = '%u@%d' and b='%u'"), "where a = $1 and b=$2 | eva@mail.acme.example | eva");
  EXPECT_EQ(postfix("like '%%@%d'"), "like $1 | %@mail.acme.example");
  EXPECT_EQ(postfix("a = '%2.%1'"), "a = $1 | acme.example");
  EXPECT_EQ(postfix("a = '%4'"), "a = $1 | -");
  EXPECT_EQ(postfix("a = '%S %U %D'"), "a = $1 | eva@mail.acme.example eva mail.acme.example");
  EXPECT_EQ(postfix("a = 'it''s %u'"), "a = $1 | it's eva");
  EXPECT_EQ(postfix("a = 'it\\'s\\n%u\\%%'", my), "a = ? | it's\neva\\%");
  EXPECT_EQ(postfix("a = \"%u\"", my), "a = ? | eva");
  EXPECT_EQ(postfix("a = %s and b % %% 2"), "13: % stands before none of s u d S U D 1…9 and %");
  EXPECT_EQ(postfix("a = %s and b %% 2"), "a = $1 and b % 2 | eva@mail.acme.example");
  EXPECT_EQ(postfix("a like '%%x'"), "a like '%x'");
  EXPECT_EQ(postfix("a = ':login' and b = :x"), "a = ':login' and b = :x");
  EXPECT_EQ(postfix("a = '%x'"), "5: % stands before none of s u d S U D 1…9 and %");
  EXPECT_EQ(postfix("\"%s\" = 1"), "1: a % in a quoted name cannot be bound");
  EXPECT_EQ(postfix("E'%s' = 1"), "2: a % in E'…' cannot be bound");
}

}  // namespace
}  // namespace postern::accounts
