#include "policy/accounts/tables/table_spec.h"

#include <gtest/gtest.h>

#include "tests/accounts/conformance.h"
#include "tests/accounts/table_files.h"
#include "tests/support/temp_folder.h"

namespace postern::accounts {
namespace {

std::string wrong(std::string_view text) {
  const auto spec = parse_table_spec(text);
  if (!spec) return spec.error().message;
  Problems problems;
  const Table table = open_table(*spec, {"postern.yaml", 7, 3}, problems);
  if (problems.usable()) return table.source ? "source" : table.connector ? table.connector->describe() : "nothing";
  EXPECT_FALSE(table.source || table.connector) << text;
  return problems.all().front().line();
}

TEST(TableSpec, HintsAtTheTypeThatWasMeant) {
  EXPECT_EQ(wrong("texthas:/x"), "there are no tables of type \"texthas\"; did you mean \"texthash\"?");
  EXPECT_EQ(wrong("/etc/x"), "\"/etc/x\" names no type of table; write texthash:/etc/x");
  EXPECT_EQ(wrong("proxymap:/x").substr(0, 37), "there are no tables of type \"proxymap");
}

TEST(TableSpec, OpensServers) {
  EXPECT_EQ(wrong("tcp:127.0.0.1:2525"), "tcp table on 127.0.0.1 port 2525");
  EXPECT_EQ(wrong("socketmap:unix:/run/s:virtual"), "socketmap virtual on /run/s");
  EXPECT_EQ(wrong("socketmap:inet:[::1]:2525:virtual"), "socketmap virtual on ::1 port 2525");
  EXPECT_EQ(wrong("socketmap:inet:127.0.0.1:"),
            "postern.yaml:7:3: write socketmap:inet:127.0.0.1:8891:NAME or socketmap:unix:/run/server.sock:NAME");
  EXPECT_EQ(wrong("tcp:db.example:25"),
            "postern.yaml:7:3: \"db.example\" is no IP address: names are not looked up here");
}

TEST(TableSpec, OpensFiles) {
  const test::TempFolder folder;
  const std::string path = folder / "table";
  write_file(path, conformance::table_text());
  for (const char* type : {"texthash", "hash", "btree"}) {  // of hash: the text beside the database
    const auto spec = parse_table_spec(type + (":" + path));
    Problems problems;
    const Table table = open_table(*spec, {}, problems);
    ASSERT_NE(table.source, nullptr) << type;
    conformance::check_table(*table.source, {});
  }
  EXPECT_EQ(wrong("regexp:" + path).substr(0, path.size() + 5), path + ":1:1:");
  EXPECT_EQ(wrong("cdb:" + path), "source");  // table.cdb is not there yet
  write_file(path + ".cdb", "x");
  EXPECT_EQ(wrong("cdb:" + path), path + ".cdb: it is no cdb file, or a broken one; postmap cdb: makes it");
  EXPECT_EQ(wrong("lmdb:" + path + ".cdb.lmdb"), "source");
  EXPECT_EQ(wrong("hash:table"), "postern.yaml:7:3: hash: needs the whole path of a file, not \"table\"");
}

}  // namespace
}  // namespace postern::accounts
