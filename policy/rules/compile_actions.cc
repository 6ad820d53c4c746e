#include "policy/rules/compile_actions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "policy/base/settings.h"
#include "policy/base/text.h"
#include "policy/mail/field_value.h"
#include "policy/rules/list_entries.h"
#include "policy/rules/text_template.h"

namespace postern::rules {

namespace {

constexpr std::array<std::string_view, 6> kRuleKeys{"name", "when", "monitor", "unavailable", "until", "split"};
constexpr std::int64_t kMaxScore = 1'000'000;  // local: sums of all rules stay far from overflow

std::optional<FinalAction> final_action(std::string_view text) {
  for (const FinalAction action : {FinalAction::accept, FinalAction::quarantine, FinalAction::discard,
                                   FinalAction::defer, FinalAction::reject, FinalAction::bounce}) {
    if (name(action) == text) return action;
  }
  return std::nullopt;
}

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return n;
}

// `5.7.1`; the class digit is there to be read, and follows the action (LANGUAGE 2).
std::optional<Detail> parse_status(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, '.');
  if (parts.size() != 3 || (parts[0] != "4" && parts[0] != "5")) return std::nullopt;
  const auto subject = number_of(parts[1]);
  const auto detail = number_of(parts[2]);
  if (!subject || !detail || *subject < 0 || *subject > 999 || *detail < 0 || *detail > 999)
    return std::nullopt;  // RFC 3463 2
  return Detail{static_cast<std::uint16_t>(*subject), static_cast<std::uint16_t>(*detail)};
}

class ActionCompiler {
 public:
  ActionCompiler(const DraftRule& draft, Rule& rule, Names& names, Problems& problems)
      : draft_(draft), rule_(rule), names_(names), problems_(problems) {}

  RuleActions compile() {
    for (const auto& [key, value] : draft_.keys.entries) {
      if (std::find(kRuleKeys.begin(), kRuleKeys.end(), key.text) != kRuleKeys.end()) continue;
      const ActionDoc* action = find_action(key.text);
      if (action == nullptr) {
        unknown_key(key);
      } else if (result_.names.emplace_back(key.text); action->later) {
        problems_.later(key.where, fmt::format("action {}", key.text));
      } else if (action->final) {
        compile_final(key, value);
      } else {
        compile_other(key, value);
      }
    }
    if (const Node* until = draft_.keys.find("until")) compile_until(*until);
    if (result_.names.empty())
      problems_.error(draft_.where, fmt::format("rule \"{}\" does nothing", draft_.name),
                      "give it an action: reject, defer, quarantine, skip, tag, log …");
    return std::move(result_);
  }

 private:
  void unknown_key(const Node& key) {
    std::vector<std::string> known(kRuleKeys.begin(), kRuleKeys.end());
    for (const ActionDoc& action : action_table()) known.emplace_back(action.name);
    problems_.error(key.where, fmt::format("a rule has no key \"{}\"", printable(key.text)),
                    did_you_mean(key.text, known));
  }

  void compile_until(const Node& node) {
    if (node.is_scalar()) rule_.until = parse_until(node.text);
    if (!rule_.until) problems_.error(node.where, "until wants a date", "until: 2026-12-31");
  }

  void compile_final(const Node& key, const Node& value) {
    const auto action = final_action(key.text);
    if (rule_.final)
      return problems_.error(key.where, fmt::format("rule \"{}\" has two final actions, {} and {}", draft_.name,
                                                    name(*rule_.final), key.text));
    rule_.final = action;
    bool on = false;
    if (value.is_scalar() && !value.quoted && parse_flag(value.text, on)) {
      if (!on) problems_.error(value.where, fmt::format("{}: {} says nothing", key.text, value.text), "leave it out");
      return;
    }
    const bool refuses = action == FinalAction::reject || action == FinalAction::defer || action == FinalAction::bounce;
    if (value.is_scalar() && action != FinalAction::accept) {
      rule_.words.text = text(value);
    } else if (value.is_map() && refuses && !is_brace_text(value)) {
      compile_reply(value);
    } else {
      problems_.error(value.where,
                      fmt::format("{} wants {}, not {}", key.text, find_action(key.text)->value, value.describe()),
                      brace_hint(value));
    }
  }

  void compile_reply(const Node& map) {
    for (const auto& [key, value] : map.entries) {
      if (key.text == "code") {
        const auto code = value.is_scalar() ? number_of(value.text) : std::nullopt;
        if (code && *code >= 400 && *code <= 599)
          rule_.words.code = static_cast<int>(*code);
        else
          problems_.error(value.where, "code is 400 to 599");
      } else if (key.text == "status") {
        if (value.is_scalar()) rule_.words.status = parse_status(value.text);
        if (!rule_.words.status) problems_.error(value.where, "status is an enhanced status code", "5.7.1");
      } else if (key.text == "text") {
        if (value.is_scalar())
          rule_.words.text = text(value);
        else
          problems_.error(value.where, fmt::format("text is a text, not {}", value.describe()), brace_hint(value));
      } else {
        const std::array<std::string, 3> known{"code", "status", "text"};
        problems_.error(key.where, fmt::format("a reply has no \"{}\"", printable(key.text)),
                        did_you_mean(key.text, known));
      }
    }
  }

  // YAML reads an unquoted {fact} as a map.
  static bool is_brace_text(const Node& node) {
    return node.is_map() && std::any_of(node.entries.begin(), node.entries.end(),
                                        [](const auto& entry) { return entry.second.is_null(); });
  }
  static std::string brace_hint(const Node& node) {
    return is_brace_text(node) ? "put a text that begins with { in quotes" : "";
  }

  void compile_other(const Node& key, const Node& value) {
    if (key.text == "skip") {
      each_name(key, value, [&](const Node& item) { result_.skip.push_back({item.text, item.where}); });
    } else if (key.text == "tag") {
      each_name(key, value, [&](const Node& item) { rule_.tags.push_back(item.text); });
    } else if (key.text == "score") {
      const auto n = value.is_scalar() ? number_of(value.text) : std::nullopt;
      if (n && *n >= -kMaxScore && *n <= kMaxScore)
        rule_.score = *n;
      else
        problems_.error(value.where, fmt::format("score wants a whole number from {} to {}", -kMaxScore, kMaxScore));
    } else if (key.text == "log") {
      if (value.is_scalar())
        rule_.log = text(value);
      else
        problems_.error(value.where, fmt::format("log wants a text, not {}", value.describe()), brace_hint(value));
    } else if (key.text == "add_header") {
      compile_headers(value);
    } else if (key.text == "notify") {
      each_name(key, value, [&](const Node& item) { compile_notify(item); });
    } else if (key.text == "freeze") {
      compile_freeze(value);
    }
  }

  void compile_notify(const Node& item) {
    static const std::array<std::string, 3> kWhom{"postmaster", "recipient", "login"};
    const bool is_word = std::find(kWhom.begin(), kWhom.end(), item.text) != kWhom.end();
    const Path path = Path::parse(item.text);
    if (is_word || (path.mailbox && path.mailbox->domain))
      rule_.notify.push_back(item.text);
    else
      problems_.error(item.where, fmt::format("\"{}\" is nobody who could be told", printable(item.text)),
                      did_you_mean(item.text, kWhom).empty() ? "postmaster, recipient, login or an address"
                                                             : did_you_mean(item.text, kWhom));
  }

  void compile_freeze(const Node& value) {
    constexpr std::chrono::hours kLongest{24 * 365};  // local: who is gone for longer is removed
    std::chrono::milliseconds length{};
    if (value.is_scalar() && parse_duration(value.text, length) && length >= std::chrono::seconds(1) &&
        length <= kLongest)
      rule_.freeze = std::chrono::duration_cast<std::chrono::seconds>(length);
    else
      problems_.error(value.where, "freeze wants a length of time, at most 365d", "freeze: 12h");
  }

  void compile_headers(const Node& value) {
    if (!value.is_map())
      return problems_.error(value.where, fmt::format("add_header wants names with texts, not {}", value.describe()),
                             "add_header: {X-Note: \"text\"}");
    for (const auto& [key, content] : value.entries) {
      if (!is_field_name(key.text))
        problems_.error(key.where, fmt::format("\"{}\" is no name of a header field", printable(key.text)));
      else if (!content.is_scalar())
        problems_.error(content.where, fmt::format("a header field is one text, not {}", content.describe()),
                        brace_hint(content));
      else
        rule_.headers.emplace_back(key.text, text(content));
    }
  }

  template <class Use>
  void each_name(const Node& key, const Node& value, Use use) {
    const auto one = [&](const Node& item) {
      if (item.is_scalar() && !item.text.empty())
        use(item);
      else
        problems_.error(item.where, fmt::format("{} wants names, not {}", key.text, item.describe()));
    };
    if (!value.is_list()) return one(value);
    for (const Node& item : value.items) one(item);
  }

  Template text(const Node& node) {
    return parse_template(
        node, [&](std::string_view name, const Place& where) { return piece(name, where); }, problems_);
  }

  std::optional<Template::Piece> piece(std::string_view name, const Place& where) {
    using Kind = Template::Piece::Kind;
    if (name == "rule") return Template::Piece{Kind::rule_name, {}, 0};
    const Meaning meaning = names_.resolve_in_text(name);
    switch (meaning.kind) {
      case Meaning::Kind::fact:
        result_.facts.push_back(meaning.index);
        return Template::Piece{Kind::fact, {}, meaning.index};
      case Meaning::Kind::check:
        result_.checks.push_back(meaning.index);
        return Template::Piece{Kind::check, {}, meaning.index};
      case Meaning::Kind::tag: return Template::Piece{Kind::tag, {}, 0};
      case Meaning::Kind::score: return Template::Piece{Kind::score, {}, 0};
      case Meaning::Kind::later: names_.complain(meaning, name, where, problems_); break;
      case Meaning::Kind::unknown: names_.complain(meaning, name, where, problems_); break;
    }
    return std::nullopt;
  }

  const DraftRule& draft_;
  Rule& rule_;
  Names& names_;
  Problems& problems_;
  RuleActions result_;
};

}  // namespace

RuleActions compile_actions(const DraftRule& draft, Rule& rule, Names& names, Problems& problems) {
  return ActionCompiler(draft, rule, names, problems).compile();
}

}  // namespace postern::rules
