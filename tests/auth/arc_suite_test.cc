// The ARC suite (validation and signing), where it is at hand.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <iostream>
#include <map>

#include "policy/auth/arc/arc.h"
#include "policy/auth/arc/input.h"
#include "policy/auth/arc/set.h"
#include "policy/auth/crypto.h"
#include "policy/auth/dkim/base64.h"
#include "policy/auth/dkim/tag_list.h"
#include "policy/base/text.h"
#include "policy/dns/zone_resolver.h"
#include "tests/auth/message.h"

namespace postern::arc {
namespace {

namespace fs = std::filesystem;

fs::path suite(const char* file) {
  const char* shared = ::getenv("POSTERN_SHARED");
  return (shared != nullptr ? fs::path(shared) : fs::path(POSTERN_SOURCE_DIR).parent_path() / "shared") / "testdata" /
         "arc" / file;
}

std::unique_ptr<dns::ZoneResolver> zone_of(const YAML::Node& records) {
  std::string zone;
  for (const auto& record : records) {
    const auto text = record.second.as<std::string>();
    zone += record.first.as<std::string>() + ". TXT";
    for (std::size_t at = 0; at == 0 || at < text.size(); at += 200) {
      std::string quoted;
      for (const char c : text.substr(at, 200)) quoted += fmt::format("\\{:03d}", static_cast<unsigned char>(c));
      zone += " \"" + quoted + "\"";
    }
    zone += "\n";
  }
  return dns::ZoneResolver::parse("zone", zone).value();
}

Result validate(const test::Message& message, dns::Resolver& dns, std::size_t chunk) {
  dkim::BodyHashes bodies;
  const Chain chain(message.header, {}, bodies);
  for (std::string_view rest = message.body; !rest.empty(); rest.remove_prefix(std::min(chunk, rest.size())))
    bodies.update(rest.substr(0, chunk));
  bodies.finish();
  dkim::KeyCache keys;
  return chain.validate(message.header, bodies, keys, dns, 0, Deadline(SteadyTime::max()));
}

TEST(ArcSuite, Validation) {
  const fs::path file = suite("arc-draft-validation-tests.yml");
  if (!fs::exists(file)) GTEST_SKIP() << file << " is not there";
  int count = 0;
  for (const YAML::Node& scenario : YAML::LoadAllFromFile(file.string())) {
    const auto dns = zone_of(scenario["txt-records"]);
    for (const auto& entry : scenario["tests"]) {
      const auto name = entry.first.as<std::string>();
      const YAML::Node& node = entry.second;
      const auto wanted = node["cv"].IsNull() ? std::string() : ascii_lower(node["cv"].as<std::string>());
      const test::Message message =
          test::read_message(node["message"].IsNull() ? "" : node["message"].as<std::string>());
      for (const std::size_t chunk : {1u, 7u, 4096u, 65535u}) {
        const Result result = validate(message, *dns, chunk);
        if (wanted.empty()) continue;
        EXPECT_EQ(postern::arc::name(result.status), wanted) << name << ": " << result.reason;
      }
      ++count;
    }
  }
  std::cout << count << " validation tests\n";
  EXPECT_EQ(count, 175);
}

std::map<std::string, std::string> tags_of(const std::string& value) {
  std::map<std::string, std::string> tags;
  const auto list = dkim::TagList::parse(value);
  if (!list) return tags;
  for (const auto& tag : list->tags()) {
    std::string text;
    for (const char c : tag.value) {
      if (!dkim::is_blank(c)) text += c;
    }
    tags[std::string(tag.name)] = text;
  }
  return tags;
}

std::string without_blanks(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (!dkim::is_blank(c)) out += c;
  }
  return out;
}

using Header = std::vector<HeaderField>;

// The set that the suite expects: seal, message signature, results.
Header published(const YAML::Node& node) {
  Header set;
  for (const auto& [name, tag] : {std::pair("ARC-Seal", "AS"), std::pair("ARC-Message-Signature", "AMS"),
                                  std::pair("ARC-Authentication-Results", "AAR")}) {
    std::string value = " ";
    for (const char c : std::string(trim(node[tag].as<std::string>()))) {
      if (c != '\n') value += c;
      if (c == '\n' && value.back() == ';') value += "\n ";  // the suite signed b= without folds
    }
    set.push_back({name, value});
  }
  return set;
}

// What the seal of that set is by our own hand, over the sets of `before` as well.
std::string seal_over(const Header& set, const Header& before, const crypto::PrivateKey& key) {
  const Sets sets = read_sets(before, 50);
  std::vector<const HeaderField*> fields;
  for (const Set& one : sets.sets) {
    for (const std::size_t at : {one.results_field, one.message.field, one.seal.field}) fields.push_back(&before[at]);
  }
  fields.push_back(&set[2]);
  fields.push_back(&set[1]);
  const auto b = key.sign(crypto::Hash::sha256, crypto::digest(crypto::Hash::sha256, seal_input(fields, set[0])));
  return dkim::encode_base64(b.value());
}

TEST(ArcSuite, Signing) {
  const fs::path file = suite("arc-draft-sign-tests.yml");
  if (!fs::exists(file)) GTEST_SKIP() << file << " is not there";
  int count = 0;
  for (const YAML::Node& scenario : YAML::LoadAllFromFile(file.string())) {
    const auto dns = zone_of(scenario["txt-records"]);
    const auto key = crypto::PrivateKey::from_pem(scenario["privatekey"].as<std::string>());
    ASSERT_TRUE(key) << key.error().message;
    for (const auto& entry : scenario["tests"]) {
      SCOPED_TRACE(entry.first.as<std::string>());
      const YAML::Node& node = entry.second;
      test::Message message = test::read_message(node["message"].as<std::string>());
      const Result before = validate(message, *dns, 65535);
      dkim::BodyHashes bodies;
      const std::size_t form = bodies.add({});
      bodies.update(message.body);
      bodies.finish();
      Sealing sealing{.key = {scenario["domain"].as<std::string>(), scenario["sel"].as<std::string>(), *key},
                      .authserv_id = node["srv-id"].as<std::string>(),
                      .authentication_results = {},
                      .chain = before.status,
                      .instance = before.instance + 1,
                      .unix_time = node["t"].as<std::int64_t>()};
      const auto signed_fields = node["sig-headers"].as<std::string>();
      for (const std::string_view name : split(signed_fields, ':')) sealing.signed_fields.emplace_back(name);
      const std::string wanted_results = node["AAR"].as<std::string>();
      // The payload that the suite's signer takes from the message's own Authentication-Results.
      const std::size_t id_end = wanted_results.find(';', wanted_results.find(';') + 1);
      sealing.authentication_results = std::string(trim(wanted_results.substr(id_end + 1)));
      const auto set = seal(sealing, message.header, bodies.at(form));
      ++count;
      EXPECT_EQ(before.dead, wanted_results.empty());
      EXPECT_EQ(set.operator bool(), !wanted_results.empty());
      if (wanted_results.empty()) continue;
      ASSERT_TRUE(set) << set.error().message;
      EXPECT_EQ(without_blanks((*set)[2].value), without_blanks(wanted_results));
      EXPECT_EQ(tags_of((*set)[1].value), tags_of(node["AMS"].as<std::string>()));
      // The seal covers the folds of the message signature: ours is verified below, this is of the suite's own field.
      auto seal_tags = tags_of((*set)[0].value);
      seal_tags["b"] = seal_over(published(node), before.status == Status::pass ? message.header : Header(), **key);
      EXPECT_EQ(seal_tags, tags_of(node["AS"].as<std::string>()));
      message.header.insert(message.header.begin(), set->begin(), set->end());
      const Result after = validate(message, *dns, 65535);
      EXPECT_EQ(after.status, before.status == Status::fail ? Status::fail : Status::pass) << after.reason;
    }
  }
  std::cout << count << " signing tests\n";
  EXPECT_EQ(count, 17);
}

}  // namespace
}  // namespace postern::arc
