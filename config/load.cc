#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "config/configuration.h"
#include "config/daemon_sections.h"
#include "config/later_rules.h"
#include "config/limits_section.h"
#include "config/node_text.h"
#include "config/notices_section.h"
#include "config/presets.h"
#include "config/read_file.h"
#include "config/sections.h"
#include "config/sign_section.h"
#include "config/site_section.h"
#include "config/yaml_reader.h"
#include "policy/base/text.h"

namespace postern::config {

namespace {

constexpr std::size_t kMaxRuleFiles = 64;  // local: also ends files that include each other

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {};
  return slash == 0 ? "/" : path.substr(0, slash);
}

bool is_list_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

/// `lists:`. Answers the names it gives, also of lists that could not be made.
std::vector<std::string> read_lists(const Node* section, const std::string& folder, Problems& problems,
                                    rules::Lists& lists) {
  std::vector<std::string> declared;
  if (section == nullptr) return declared;
  if (!section->is_map()) {
    problems.error(section->where, fmt::format("lists wants a map of names and lists, not {}", section->describe()),
                   "write lists: {partners: [bank.example]}");
    return declared;
  }
  for (const auto& [key, value] : section->entries) {
    if (!is_list_name(key.text)) {
      problems.error(key.where, fmt::format("\"{}\" is no name for a list", printable(key.text, 60)),
                     "letters, digits, - and _, at most 64");
      continue;
    }
    declared.push_back(key.text);
    if (auto list = rules::compile_list(key.text, value, folder, problems)) lists.add(key.text, std::move(list));
  }
  return declared;
}

/// Reads what a rule's `include:` names: a file beside the configuration, else a preset of that name.
class RuleFiles {
 public:
  RuleFiles(std::string folder, Problems& problems) : folder_(std::move(folder)), problems_(problems) {}

  Result<Node> operator()(const std::string& name, const Place& where) {
    if (++count_ > kMaxRuleFiles)
      return Error{fmt::format("over {} rule files are included; does one include itself?", kMaxRuleFiles), where};
    const Preset* preset = find_preset(name);
    const std::string path = below(folder_, name);
    std::string why;
    const std::optional<std::string> text = read_file(path, why);
    std::error_code none;                                            // what cannot even be looked for is not there
    const bool there = text || std::filesystem::exists(path, none);  // then no preset takes its place
    if (!text && (preset == nullptr || there)) {
      std::vector<std::string> names;
      for (const Preset& p : presets()) names.emplace_back(p.name);
      const std::string hint = there ? std::string() : "; " + with_presets(name, names);
      return Error{fmt::format("{} cannot be read: {}{}", printable(path), why, hint), where};
    }
    Problems found;
    std::optional<Node> root = text ? read_yaml(path, *text, found) : read_yaml(name, preset->text, found);
    if (root) return *std::move(root);
    for (std::size_t i = 1; i < found.all().size(); ++i) problems_.add(found.all()[i]);
    const Problem& first = found.all().front();
    return Error{first.hint.empty() ? first.message : first.message + "; " + first.hint, first.where};
  }

 private:
  static std::string with_presets(const std::string& name, const std::vector<std::string>& names) {
    const std::string hint = did_you_mean(name, names);
    return hint.empty() ? "built in are " + join(names, ", ") : hint;
  }

  std::string folder_;
  Problems& problems_;
  std::size_t count_ = 0;
};

void read_rules(const Sections& sections, const std::string& folder, Problems& problems, const rules::Lists& lists,
                std::span<const rules::LimitSource> limits, Policy& policy) {
  std::vector<CheckDecl> declarations;
  for (const ConfiguredCheck& check : policy.checks) declarations.push_back(check.declaration());
  RuleFiles files(folder, problems);
  rules::Source source;
  source.define = sections.find("define");
  source.rules = sections.find("rules");
  source.checks = declarations;
  source.limits = limits;
  source.later_rules = later_rules();
  if (policy.signing && !policy.signing->keys.empty()) source.also.emplace_back("identity");  // what signing rests on
  if (policy.signing && policy.signing->seal) source.also.emplace_back("arc");
  source.lists = &lists;
  source.all_monitored = policy.mode == Mode::monitor;
  source.include = [&](const std::string& name, const Place& where) { return files(name, where); };
  policy.rules = rules::compile(source, problems);
}

void tell_unknown_directories(const std::vector<ConfiguredCheck>& checks, const std::vector<DirectorySpec>& directories,
                              Problems& problems) {
  std::vector<std::string> names;
  for (const DirectorySpec& directory : directories) names.push_back(directory.name);
  for (const ConfiguredCheck& check : checks) {
    for (const Check::Named& named : check.check->directories()) {
      if (std::find(names.begin(), names.end(), named.name) == names.end())
        problems.error(named.where, fmt::format("there is no directory \"{}\" in accounts", printable(named.name, 60)),
                       did_you_mean(named.name, names));
    }
  }
}

std::optional<std::string> read_configuration(const std::string& path, Problems& problems) {
  std::string why;
  std::optional<std::string> text = read_file(path, why);
  if (!text) problems.error({path, 0, 0}, "cannot be read: " + why);
  return text;
}

/// Reads the section `name` by `read(settings)`.
template <class Read>
void with_settings(const Sections& sections, std::string_view name, Problems& problems, Read read) {
  Settings settings(std::string(name), sections.find(name), problems);
  read(settings);
  settings.finish();
}

}  // namespace

std::optional<Configuration> load_text(std::string_view name, std::string_view text, const std::string& folder,
                                       const LoadOptions& options, Problems& problems) {
  std::optional<Node> root = read_yaml(std::string(name), text, problems);
  if (!root) return std::nullopt;
  const Place start{std::string(name), 0, 0};
  const Sections sections(*std::move(root), folder, problems);

  Configuration result;
  Policy policy;
  policy.generation = options.generation;
  Settings top("", &sections.scalars(), problems);
  read_top(top, policy);
  read_listen_section(sections.find("listen"), problems, result);
  with_settings(sections, "dns", problems, [&](Settings& s) { read_dns(s, folder, result.dns); });
  with_settings(sections, "admin", problems, [&](Settings& s) { read_admin(s, result); });
  with_settings(sections, "log", problems, [&](Settings& s) { read_log(s, result); });
  if (options.zone_file) {
    result.dns.zone_files = {*options.zone_file};
    result.dns.servers.clear();
    result.dns.canary.clear();
  }
  result.dns.offline = options.offline;

  result.lists = std::make_shared<rules::Lists>();
  const std::vector<std::string> declared = read_lists(sections.find("lists"), folder, problems, *result.lists);
  with_settings(sections, "site", problems,
                [&](Settings& s) { read_site(s, folder, *result.lists, declared, policy.site); });
  const Node* site = sections.find("site");
  if (site == nullptr || !site->is_map() || site->find("domains") == nullptr)
    problems.warning(site == nullptr ? start : site->where, "site.domains is not set: no domain is ours",
                     "write site: {domains: [example.org]}");
  result.lists->add("site.domains", policy.site.domains);
  result.geo = policy.site.geo;

  policy.checks = configure_checks(sections.find("checks"), problems);
  with_settings(sections, "store", problems, [&](Settings& s) { read_store(s, folder, result); });
  policy.signing = read_sign(sections.find("sign"), folder, problems);
  result.directories = read_accounts(sections.find("accounts"), folder, problems);
  tell_unknown_directories(policy.checks, result.directories, problems);
  if (policy.signing && !policy.signing->keys.empty() && result.directories.empty())
    problems.warning(sections.find("sign")->where,
                     "without accounts: nobody's identity is known, and nothing is signed",
                     "name a directory in accounts:");
  for (const std::string_view section : {"accounts", "checks", "site"}) {
    const Node* node = sections.find(section);
    result.backends_made_of += node == nullptr ? "~" : text_of(*node);
  }
  if (sections.find("rules") == nullptr)
    problems.warning(start, "there are no rules: every message is let through",
                     "include presets/inbound.yaml and presets/submission.yaml");
  LimitsRead limits = read_limits(sections.find("limits"), folder, *result.lists, problems);
  policy.limits = std::move(limits.limits);
  result.overrides = std::move(limits.files);
  with_settings(sections, "notices", problems, [&](Settings& s) { read_notices(s, folder, result.notify, policy); });
  read_rules(sections, folder, problems, *result.lists, limits.sources, policy);
  if (!problems.usable() || policy.rules == nullptr) return std::nullopt;
  check_when_due(policy, limits.sources, problems);
  if (!problems.usable()) return std::nullopt;

  policy.needs = derive_needs(policy);
  result.policy = std::make_shared<const Policy>(std::move(policy));
  return result;
}

std::optional<Configuration> load_file(const std::string& path, const LoadOptions& options, Problems& problems) {
  const std::optional<std::string> text = read_configuration(path, problems);
  return text ? load_text(path, *text, folder_of(path), options, problems) : std::nullopt;
}

std::optional<std::string> control_socket_of(const std::string& path, Problems& problems) {
  const std::optional<std::string> text = read_configuration(path, problems);
  std::optional<Node> root = text ? read_yaml(path, *text, problems) : std::nullopt;
  if (!root) return std::nullopt;
  Problems others;
  const Sections sections(*std::move(root), folder_of(path), others);
  Configuration configuration;
  with_settings(sections, "admin", others, [&](Settings& s) { read_admin(s, configuration); });
  return configuration.control_socket;
}

}  // namespace postern::config
