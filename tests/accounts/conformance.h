#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/accounts/directory.h"
#include "policy/accounts/lookup.h"

/// One small world of accounts, and what every back end has to say of it. A test puts the world into its database,
/// directory or file, in its own form, and calls one of the three below:
///
///     logins     eva   active; addresses eva@acme.example, sales@acme.example; fact tier = gold
///                tom   suspended; address tom@acme.example
///     addresses  info@acme.example     an alias: leads to eva@acme.example and tom@acme.example
///                support@acme.example  shared: owner eva, delegate tom
///     unknown    nobody@acme.example, the login nobody, and every hostile key
///
/// The logins may be written otherwise where a back end has logins of another form (World::eva).
namespace postern::accounts::conformance {

/// What the back end is able to tell, and how it is switched off and on. What is false is not asked for.
struct World {
  std::string eva = "eva";
  std::string tom = "tom";

  bool logins = true;     ///< it has Lookup::login
  bool addresses = true;  ///< it has Lookup::address
  bool own = true;        ///< of a login: its addresses
  bool owners = true;     ///< of an address: whose it is
  bool state = true;
  bool facts = true;
  bool aliases = true;  ///< info@acme.example is there, and says where it leads
  bool shared = true;   ///< support@acme.example is there, with owner and delegate

  /// Makes the back end die: the server stops, the file vanishes. Empty: neither is tried.
  std::function<void()> kill;
  std::function<void()> revive;
  /// What is read into memory goes on as it was, instead of being unsure.
  bool survives = false;
};

/// Keys within the contract of Question: nobody has them, so the answer is no, and nothing else happens.
inline const std::vector<std::string>& hostile_keys() {
  static const std::vector<std::string> kKeys{
      "*",
      "*)(uid=*",
      "eva)(|(uid=*",
      "\\2a",
      "' OR 1=1 --",
      "eva' --",
      "\"; DROP TABLE accounts; --",
      "eva\"",
      "$(id)",
      "`id`",
      "${eva}",
      "%",
      "%s%n",
      "%u",
      "%65va",
      "_va",
      "e%",
      "eva\r\nQUIT",
      "eva\nUSER\t2\ttom",
      "eva\r\n",
      "\n",
      "\r",
      "\t",
      "eva\ttom",
      "\x01t",
      " eva x",
      "eva,tom",
      "eva:tom",
      "../eva",
      "../../etc/passwd",
      "-eva",
      "#eva",
      "@",
      "\xe2\x80\xae"
      "eva",
      "e\xcc\x81va",  // NFD
      "\xc3\xa9va",   // NFC
      "\xff\xfe",     // no UTF-8
      std::string(500, 'a'),
  };
  return kKeys;
}

/// Keys outside the contract: never found, whatever else is said of them.
inline const std::vector<std::string>& impossible_keys() {
  using namespace std::string_literals;
  static const std::vector<std::string> kKeys{"eva\0"s, "eva\0x"s, "\0"s, std::string(10'240, 'a'),
                                              "eva" + std::string(10'240, ' ')};
  return kKeys;
}

inline Deadline soon() { return Deadline(std::chrono::steady_clock::now() + std::chrono::seconds(5)); }

inline bool has(const std::vector<std::string>& list, std::string_view what) {
  return std::find(list.begin(), list.end(), what) != list.end();
}

inline Answer ask_address(Directory& directory, std::string_view address) {
  const std::size_t at = address.rfind('@');
  return directory.address(address.substr(0, at), address.substr(at + 1), soon());
}

/// The field's values in all rows, in their order.
inline std::vector<std::string> values(const Reply& reply, std::string_view field) {
  std::vector<std::string> all;
  for (const Row& row : reply.rows) {
    for (const auto& entry : row.fields) {
      if (entry.first == field) all.push_back(entry.second);
    }
  }
  return all;
}

// ---- a Directory ----------------------------------------------------------------------------------------------------

inline void check_eva(Directory& directory, const World& w) {
  using Kind = Answer::Kind;
  if (w.logins) {
    const Answer eva = directory.login(w.eva, soon());
    ASSERT_EQ(eva.kind, Kind::yes) << eva.problem;
    EXPECT_EQ(eva.record.state, State::active);
    if (w.own) {
      EXPECT_TRUE(has(eva.record.addresses, "sales@acme.example"));
      EXPECT_FALSE(has(eva.record.addresses, "tom@acme.example"));
    }
    if (w.facts) {
      EXPECT_EQ(eva.record.facts.count("tier"), 1U);
      if (eva.record.facts.count("tier") == 1) {
        EXPECT_EQ(eva.record.facts.find("tier")->second, "gold");
      }
    }
  }
  if (w.addresses) {
    const Answer eva = ask_address(directory, "eva@acme.example");
    ASSERT_EQ(eva.kind, Kind::yes) << eva.problem;
    if (w.owners) {
      EXPECT_TRUE(has(eva.record.owners, w.eva) || eva.record.login == w.eva);
    }
  }
}

inline void check_directory(Directory& directory, const World& w) {
  using Kind = Answer::Kind;
  check_eva(directory, w);
  if (w.logins) {
    const Answer tom = directory.login(w.tom, soon());
    EXPECT_EQ(tom.kind, Kind::yes) << tom.problem;
    if (w.state) {
      EXPECT_EQ(tom.record.state, State::suspended);
    }
    EXPECT_EQ(directory.login("nobody", soon()).kind, Kind::no);
  } else {
    EXPECT_EQ(directory.login(w.eva, soon()).kind, Kind::silent);
  }
  if (w.addresses) {
    EXPECT_EQ(ask_address(directory, "sales@acme.example").kind, Kind::yes);
    EXPECT_EQ(ask_address(directory, "nobody@acme.example").kind, Kind::no);
    EXPECT_EQ(ask_address(directory, "eva@other.example").kind, Kind::no);
    EXPECT_EQ(ask_address(directory, "@acme.example").kind, Kind::no);
    if (w.aliases) {
      const Answer info = ask_address(directory, "info@acme.example");
      EXPECT_EQ(info.kind, Kind::yes) << info.problem;
      EXPECT_EQ(info.record.targets, (std::vector<std::string>{"eva@acme.example", "tom@acme.example"}));
    }
    if (w.shared) {
      const Answer support = ask_address(directory, "support@acme.example");
      EXPECT_EQ(support.kind, Kind::yes) << support.problem;
      EXPECT_EQ(support.record.owners, std::vector<std::string>{w.eva});
      EXPECT_EQ(support.record.delegates, std::vector<std::string>{w.tom});
    }
  } else {
    EXPECT_EQ(ask_address(directory, "eva@acme.example").kind, Kind::silent);
  }
  for (const std::string& key : hostile_keys()) {
    if (w.logins) {
      EXPECT_EQ(directory.login(key, soon()).kind, Kind::no) << key;
    }
    if (w.addresses) {
      EXPECT_EQ(directory.address(key, "acme.example", soon()).kind, Kind::no) << key;
    }
  }
  for (const std::string& key : impossible_keys()) {
    if (w.logins) {
      EXPECT_NE(directory.login(key, soon()).kind, Kind::yes) << key.size();
    }
    if (w.addresses) {
      EXPECT_NE(directory.address(key, "acme.example", soon()).kind, Kind::yes) << key.size();
    }
  }
  check_eva(directory, w);
  if (!w.kill) return;
  w.kill();
  const auto problems = directory.refresh();
  if (w.survives) {
    EXPECT_FALSE(problems.empty());
    check_eva(directory, w);
  } else {
    if (w.logins) {
      EXPECT_EQ(directory.login("nobody", soon()).kind, Kind::unsure);
    }
    if (w.addresses) {
      EXPECT_EQ(ask_address(directory, "nobody@acme.example").kind, Kind::unsure);
    }
  }
  w.revive();
  (void)directory.refresh();
  check_eva(directory, w);
}

// ---- a Source with Lookup::login or Lookup::address -----------------------------------------------------------------

/// Asks for being found or not alone: the names of the fields are each back end's own, and looked at by its own test.
inline void check_source(Source& source, const World& w) {
  using Status = Reply::Status;
  const auto status = [&](Lookup lookup, const std::string& key) { return source.find({lookup, key}, soon()).status; };
  const auto eva_is_there = [&] {
    if (w.logins) {
      EXPECT_EQ(status(Lookup::login, w.eva), Status::found);
    }
    if (w.addresses) {
      EXPECT_EQ(status(Lookup::address, "eva@acme.example"), Status::found);
    }
  };
  EXPECT_EQ(source.has(Lookup::login), w.logins);
  EXPECT_EQ(source.has(Lookup::address), w.addresses);
  eva_is_there();
  if (w.logins) {
    EXPECT_EQ(status(Lookup::login, w.tom), Status::found);
    EXPECT_EQ(status(Lookup::login, "nobody"), Status::absent);
  }
  if (w.addresses) {
    EXPECT_EQ(status(Lookup::address, "nobody@acme.example"), Status::absent);
    EXPECT_EQ(status(Lookup::address, "eva@other.example"), Status::absent);
    if (w.aliases) {
      EXPECT_EQ(status(Lookup::address, "info@acme.example"), Status::found);
    }
    if (w.shared) {
      EXPECT_EQ(status(Lookup::address, "support@acme.example"), Status::found);
    }
  }
  for (const std::string& key : hostile_keys()) {
    if (w.logins) {
      EXPECT_EQ(status(Lookup::login, key), Status::absent) << key;
    }
    if (w.addresses) {
      EXPECT_EQ(status(Lookup::address, key + "@acme.example"), Status::absent) << key;
    }
  }
  for (const std::string& key : impossible_keys()) {
    if (w.logins) {
      EXPECT_NE(status(Lookup::login, key), Status::found) << key.size();
    }
    if (w.addresses) {
      EXPECT_NE(status(Lookup::address, key + "@acme.example"), Status::found) << key.size();
    }
  }
  eva_is_there();
  if (!w.kill) return;
  w.kill();
  (void)source.refresh();
  if (w.survives) {
    eva_is_there();
  } else {
    if (w.logins) {
      EXPECT_EQ(status(Lookup::login, "nobody"), Status::failed);
    }
    if (w.addresses) {
      EXPECT_EQ(status(Lookup::address, "nobody@acme.example"), Status::failed);
    }
  }
  w.revive();
  (void)source.refresh();
  eva_is_there();
}

// ---- a table: a Source with Lookup::value ---------------------------------------------------------------------------

/// What the table holds: whose each address is, as smtpd_sender_login_maps has it.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kTable{{
    {"eva@acme.example", "eva"},
    {"sales@acme.example", "eva"},
    {"tom@acme.example", "tom"},
    {"info@acme.example", "eva, tom"},
    {"support@acme.example", "eva"},
}};

/// The table as a text of lines `key value`.
inline std::string table_text() {
  std::string text;
  for (const auto& [key, value] : kTable) text += std::string(key) + " " + std::string(value) + "\n";
  return text;
}

inline void check_table(Source& source, const World& w) {
  using Status = Reply::Status;
  const auto ask = [&](const std::string& key) { return source.find({Lookup::value, key}, soon()); };
  const auto all_is_there = [&] {
    for (const auto& [key, value] : kTable) {
      const Reply reply = ask(std::string(key));
      ASSERT_EQ(reply.status, Status::found) << key << ": " << reply.problem;
      EXPECT_EQ(values(reply, "value"), std::vector<std::string>{std::string(value)});
    }
  };
  EXPECT_TRUE(source.has(Lookup::value));
  EXPECT_FALSE(source.has(Lookup::login));
  EXPECT_FALSE(source.has(Lookup::address));
  all_is_there();
  for (const std::string_view key : {"nobody@acme.example", "@acme.example", "eva", "acme.example"})
    EXPECT_EQ(ask(std::string(key)).status, Status::absent) << key;
  for (const std::string& key : hostile_keys()) {
    const Reply bare = ask(key);
    EXPECT_EQ(bare.status, Status::absent) << key << ": " << bare.problem;
    EXPECT_EQ(ask(key + "@acme.example").status, Status::absent) << key;
  }
  using namespace std::string_literals;
  for (const std::string& key : impossible_keys()) EXPECT_NE(ask(key).status, Status::found) << key.size();
  EXPECT_NE(ask("eva@acme.example\0"s).status, Status::found);
  EXPECT_NE(ask("eva@acme.example\0x"s).status, Status::found);
  all_is_there();
  if (!w.kill) return;
  w.kill();
  const auto problems = source.refresh();
  if (w.survives) {
    EXPECT_FALSE(problems.empty());
    all_is_there();
  } else {
    EXPECT_EQ(ask("nobody@acme.example").status, Status::failed);
  }
  w.revive();
  (void)source.refresh();
  all_is_there();
}

}  // namespace postern::accounts::conformance
