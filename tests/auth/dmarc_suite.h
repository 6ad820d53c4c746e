#pragma once

#include <stdlib.h>
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <string>

#include "policy/auth/dmarc/dmarc.h"

/// What the published cases of DMARC are made of.
namespace postern::test::dmarc_suite {

inline std::filesystem::path suite(const char* file) {
  namespace fs = std::filesystem;
  const char* shared = ::getenv("POSTERN_SHARED");
  return (shared != nullptr ? fs::path(shared) : fs::path(POSTERN_SOURCE_DIR).parent_path() / "shared") / "testdata" /
         "dmarc" / file;
}

/// What DNS says in one case.
inline std::string zone_of(const YAML::Node& one) {
  std::string zone;
  for (const auto& owner : one["zone"]) {
    for (const auto& text : owner.second)
      zone += owner.first.as<std::string>() + ". TXT \"" + text.as<std::string>() + "\"\n";
  }
  for (const auto& name : one["existing_names"]) zone += name.as<std::string>() + ". A 192.0.2.1\n";
  for (const auto& name : one["dns_temperror"]) zone += "; FAULT " + name.as<std::string>() + ". SERVFAIL\n";
  return zone;
}

inline Domain domain_of(const YAML::Node& result) { return *Domain::parse(result["domain"].as<std::string>()); }

/// What SPF and DKIM found in it.
inline dmarc::Input input_of(const YAML::Node& one, dmarc::Model model, const Domain& author) {
  dmarc::Input input{.author = author, .spf = {}, .dkim = {}, .model = model};
  const std::string spf = one["spf"]["result"].as<std::string>();
  if (spf == "pass") input.spf = domain_of(one["spf"]);
  if (spf == "temperror") input.spf_unanswered = domain_of(one["spf"]);
  for (const auto& signature : one["dkim"]) {
    const std::string result = signature["result"].as<std::string>();
    if (result == "pass") input.dkim.push_back({domain_of(signature)});
    if (result == "temperror") input.dkim_unanswered.push_back(domain_of(signature));
  }
  return input;
}

}  // namespace postern::test::dmarc_suite
