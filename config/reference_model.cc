#include "config/reference_model.h"

#include <fmt/format.h>

#include "config/daemon_sections.h"
#include "config/limits_section.h"
#include "config/notices_section.h"
#include "config/presets.h"
#include "config/sections.h"
#include "config/sign_section.h"
#include "config/site_section.h"
#include "config/yaml_reader.h"
#include "policy/checks/registry.h"

namespace postern::config {

namespace {

template <class Read>
SettingsOf asked_by(std::string_view name, Read read) {
  Problems none;
  Settings settings(std::string(name), nullptr, none);
  read(settings);
  std::string doc;
  for (const SectionName& section : section_names()) {
    if (section.name == name) doc = section.doc;
  }
  return {std::string(name), std::move(doc), settings.asked()};
}

}  // namespace

std::vector<SettingsOf> section_settings() {
  Configuration unused;
  Policy policy;
  Site site;
  std::vector<SettingsOf> result;
  result.push_back(asked_by("", [&](Settings& s) { read_top(s, policy); }));
  result.push_back(asked_by("listen", [&](Settings& s) { read_listen(s, unused); }));
  result.push_back(asked_by("site", [&](Settings& s) { read_site(s, {}, {}, {}, site); }));
  result.push_back(asked_by("dns", [&](Settings& s) { read_dns(s, {}, unused.dns); }));
  result.push_back(asked_by("store", [&](Settings& s) { read_store(s, {}, unused); }));
  result.push_back({"limits.NAME", "a limit", limit_settings()});
  result.push_back(asked_by("notices", [&](Settings& s) { read_notices(s, {}, unused.notify, policy); }));
  result.push_back(asked_by("sign", [&](Settings& s) { ask_sign(s); }));
  result.push_back({"sign.keys[]", "a key to sign with, the same of sign.arc", key_settings()});
  result.push_back(asked_by("admin", [&](Settings& s) { read_admin(s, unused); }));
  result.push_back(asked_by("log", [&](Settings& s) { read_log(s, unused); }));
  return result;
}

std::vector<SettingsOf> directory_settings() {
  std::vector<SettingsOf> result;
  for (const accounts::DirectoryType& type : accounts::directory_types())
    result.push_back({fmt::format("accounts[{}]", type.name), std::string(type.doc), settings_of(type)});
  return result;
}

std::vector<SettingsOf> check_settings() {
  std::vector<SettingsOf> result;
  for (const CheckType* type : check_types()) {
    if (type->settings.empty()) result.push_back({fmt::format("checks.{}", type->name), {}, settings_of(*type)});
  }
  return result;
}

std::vector<PresetRules> preset_rules() {
  std::vector<PresetRules> result;
  for (const Preset& preset : presets()) {
    Problems none;
    const std::optional<Node> root = read_yaml(std::string(preset.name), preset.text, none);
    const std::string_view file = preset.name.substr(preset.name.rfind('/') + 1);
    PresetRules& entry = result.emplace_back(PresetRules{preset.name, {}});
    if (!root || !root->is_list()) continue;
    for (const Node& rule : root->items) {
      if (const Node* name = rule.find("name"))
        entry.rules.push_back(fmt::format("{}/{}", file.substr(0, file.rfind('.')), name->text));
    }
  }
  return result;
}

}  // namespace postern::config
