#include "config/reference.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "config/reference_model.h"
#include "config/sections.h"
#include "policy/base/text.h"
#include "policy/checks/registry.h"
#include "policy/rules/facts.h"

namespace postern::config {

namespace {

using Json = nlohmann::ordered_json;

std::string_view fact_name(const rules::FactDoc& fact, std::string& buffer) {
  if (!fact.is_prefix()) return fact.name;
  buffer = fmt::format("{}NAME", fact.name);
  return buffer;
}

/// "550 5.1.8 text", or nothing.
std::string reply_text(const Outcome& outcome) {
  if (outcome.reply.code == 0) return {};
  return fmt::format("{} {}.{}.{} {}", outcome.reply.code, outcome.reply.code / 100, outcome.reply.status.subject,
                     outcome.reply.status.detail, outcome.reply.text);
}

std::string key_of(const SettingsOf& part, const Settings::Asked& setting) {
  return part.name.empty() ? setting.key : part.name + "." + setting.key;
}

std::vector<SettingsOf> all_settings() {
  std::vector<SettingsOf> all = section_settings();
  for (SettingsOf& directory : directory_settings()) all.push_back(std::move(directory));
  for (SettingsOf& check : check_settings()) all.push_back(std::move(check));
  return all;
}

// --- text: for a terminal
// --------------------------------------------------------------------------------------------------------

std::string as_text() {
  std::string out = "SECTIONS\n";
  for (const SectionName& section : section_names())
    out += fmt::format("  {:<12}{}{}\n", section.name, section.doc, section.later ? " (not in this version)" : "");
  out += "\nSETTINGS\n";
  for (const SettingsOf& part : all_settings()) {
    for (const auto& s : part.settings) {
      out += fmt::format("  {}: {}\n      {}{}\n", key_of(part, s), s.form, s.doc,
                         s.fallback.empty() ? "" : fmt::format(" (default: {})", s.fallback));
    }
  }
  out += "\nFACTS\n";
  std::string buffer;
  for (const rules::FactDoc& fact : rules::fact_table()) {
    if (!fact.later)
      out += fmt::format("  {:<18}{:<8} {:<10} {}\n", fact_name(fact, buffer), rules::name(fact.type), name(fact.stage),
                         fact.doc);
  }
  out += "\nCHECKS\n";
  for (const CheckType* type : check_types()) {
    out += fmt::format("  {} (known at {})\n", type->name, name(type->stage));
    for (const Outcome& o : type->outcomes)
      out += fmt::format("      {:<16}{}{}\n", o.name, reply_text(o),
                         o.failure == Failure::yes ? "  [the check failed]" : "");
  }
  out += "\nACTIONS\n";
  for (const rules::ActionDoc& action : rules::action_table()) {
    if (!action.later) out += fmt::format("  {:<12}{}\n              {}\n", action.name, action.value, action.doc);
  }
  out += "\nPRESETS\n";
  for (const PresetRules& preset : preset_rules()) {
    out += fmt::format("  {}\n", preset.file);
    for (const std::string& rule : preset.rules) out += fmt::format("      {}\n", rule);
  }
  return out;
}

// --- markdown: for docs/configuration.md
// -----------------------------------------------------------------------------------------

std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

/// A value stands as code, words for a person do not.
std::string default_cell(const std::string& fallback) {
  if (fallback.empty() || fallback.find(' ') != std::string::npos) return cell(fallback);
  return "`" + cell(fallback) + "`";
}

std::string as_markdown() {
  std::string out;
  for (const SettingsOf& part : all_settings()) {
    out += part.name.empty() ? "### Top level\n" : fmt::format("### `{}`\n", part.name);
    if (!part.doc.empty())
      out +=
          fmt::format("\n{}{}.\n", static_cast<char>(part.doc[0] - (part.doc[0] >= 'a' && part.doc[0] <= 'z' ? 32 : 0)),
                      part.doc.substr(1));
    out += "\n| Setting | Value | Default | |\n|---|---|---|---|\n";
    for (const auto& s : part.settings) {
      out += fmt::format("| `{}` | {} | {} | {} |\n", key_of(part, s), cell(s.form), default_cell(s.fallback),
                         cell(s.doc));
    }
    out += "\n";
  }
  return out;
}

// --- JSON
// ------------------------------------------------------------------------------------------------------------------------

Json settings_json(const std::vector<Settings::Asked>& settings) {
  Json list = Json::array();
  for (const auto& s : settings)
    list.push_back({{"key", s.key}, {"form", s.form}, {"default", s.fallback}, {"doc", s.doc}});
  return list;
}

std::string as_json() {
  Json root;
  for (const SectionName& s : section_names())
    root["sections"].push_back({{"name", s.name}, {"later", s.later}, {"doc", s.doc}});
  for (const SettingsOf& part : section_settings())
    root["settings"].push_back({{"section", part.name}, {"settings", settings_json(part.settings)}});
  std::string buffer;
  for (const rules::FactDoc& fact : rules::fact_table()) {
    root["facts"].push_back({{"name", fact_name(fact, buffer)},
                             {"type", rules::name(fact.type)},
                             {"stage", name(fact.stage)},
                             {"recipient", fact.scope == Scope::recipient},
                             {"several", fact.several},
                             {"later", fact.later},
                             {"doc", fact.doc}});
  }
  for (const CheckType* type : check_types()) {
    Json check{{"name", type->name}, {"stage", name(type->stage)}, {"recipient", type->scope == Scope::recipient}};
    for (const Outcome& o : type->outcomes)
      check["outcomes"].push_back(
          {{"name", o.name}, {"reply", reply_text(o)}, {"rfc", o.rfc}, {"failure", o.failure == Failure::yes}});
    check["settings"] = settings_json(settings_of(*type));
    root["checks"].push_back(std::move(check));
  }
  for (const std::string_view check : later_checks()) root["later_checks"].push_back(check);
  for (const rules::ActionDoc& a : rules::action_table()) {
    root["actions"].push_back(
        {{"name", a.name}, {"final", a.final}, {"later", a.later}, {"value", a.value}, {"doc", a.doc}});
  }
  for (const PresetRules& preset : preset_rules())
    root["presets"].push_back({{"file", preset.file}, {"rules", preset.rules}});
  return root.dump(2) + "\n";
}

}  // namespace

std::string reference(ReferenceForm form) {
  switch (form) {
    case ReferenceForm::text: return as_text();
    case ReferenceForm::json: return as_json();
    case ReferenceForm::markdown: return as_markdown();
  }
  return {};
}

}  // namespace postern::config
