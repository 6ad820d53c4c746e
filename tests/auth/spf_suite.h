#pragma once

#include <stdlib.h>
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "policy/base/text.h"
#include "policy/dns/name_text.h"

/// What the openspf suites are made of.
namespace postern::test::spf_suite {

inline std::filesystem::path suite(const char* file) {
  namespace fs = std::filesystem;
  const char* shared = ::getenv("POSTERN_SHARED");
  return (shared != nullptr ? fs::path(shared) : fs::path(POSTERN_SOURCE_DIR).parent_path() / "shared") / "testdata" /
         "spf" / file;
}

/// Any octets as a name or a string of master text.
inline std::string name_text(std::string_view octets) {
  while (octets.ends_with('.')) octets.remove_suffix(1);
  std::string name;
  for (const std::string_view label : split(octets, '.')) dns::append_label(name, label);
  return (octets.empty() ? "" : name) + ".";
}

inline std::string string_text(std::string_view octets) {
  std::string out;
  for (std::size_t at = 0; at == 0 || at < octets.size(); at += 255) {  // RFC 1035 3.3
    out += " \"";
    for (const char c : octets.substr(at, 255)) out += fmt::format("\\{:03d}", static_cast<unsigned char>(c));
    out += '"';
  }
  return out;
}

inline std::string texts(const YAML::Node& value) {
  if (!value.IsSequence()) return string_text(value.as<std::string>());
  std::string out;
  for (const YAML::Node& piece : value) out += string_text(piece.as<std::string>());
  return out.empty() ? string_text("") : out;
}

/// One name of `zonedata`: SPF stands for TXT where there is no TXT; TIMEOUT is for the types it has no records of.
inline std::string zone_of(const std::string& owner, const YAML::Node& records) {
  const std::string name = name_text(owner);
  std::string zone;
  std::string spf;
  std::set<std::string> types;
  bool times_out = false;
  bool has_txt = false;
  for (const YAML::Node& record : records) {
    if (record.IsScalar()) {
      times_out = true;
      continue;
    }
    const auto type = record.begin()->first.as<std::string>();
    const YAML::Node value = record.begin()->second;
    if (type == "SPF") {
      spf += name + " TXT" + texts(value) + "\n";
      continue;
    }
    has_txt = has_txt || type == "TXT";
    if (type == "TXT" && value.IsScalar() && value.as<std::string>() == "NONE") continue;
    types.insert(type);
    if (type == "TXT")
      zone += name + " TXT" + texts(value) + "\n";
    else if (type == "MX")
      zone += fmt::format("{} MX {} {}\n", name, value[0].as<int>(), name_text(value[1].as<std::string>()));
    else if (type == "PTR" || type == "CNAME")
      zone += fmt::format("{} {} {}\n", name, type, name_text(value.as<std::string>()));
    else
      zone += fmt::format("{} {} {}\n", name, type, value.as<std::string>());
  }
  if (!has_txt && !spf.empty()) {
    zone += spf;
    types.insert("TXT");
  }
  for (const std::string type : {"A", "AAAA", "MX", "PTR", "TXT"}) {
    if (times_out && !types.contains(type)) zone += fmt::format("; FAULT {} {} TIMEOUT\n", name, type);
  }
  return zone;
}

/// The zone of a scenario.
inline std::string zone_text(const YAML::Node& zonedata) {
  std::string text;
  for (const auto& name : zonedata) text += zone_of(name.first.as<std::string>(), name.second);
  return text;
}

}  // namespace postern::test::spf_suite
