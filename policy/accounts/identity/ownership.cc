#include "policy/accounts/identity/ownership.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/auth/public_suffix.h"

namespace postern::accounts {

Ownership::Ownership(std::string_view login, const Directories& directories, const IdentityOptions& options,
                     GrantCache& grants, Counters* counters, const Deadline& deadline)
    : directories_(directories), options_(options), grant_cache_(grants), counters_(counters), deadline_(deadline) {
  add_login(login);
  of_login_.reserve(directories_.size());
  for (const auto& directory : directories_) {
    ++lookups_;
    const Answer& answer = of_login_.emplace_back(directory->login(login, deadline_));
    login_unsure_ = login_unsure_ || answer.kind == Answer::Kind::unsure;
    late_ = late_ || answer.late;
    if (answer.kind != Answer::Kind::yes) continue;
    known_ = true;
    facts_.insert(answer.record.facts.begin(), answer.record.facts.end());
    if (answer.record.state > state_) {  // switched off anywhere is switched off
      state_ = answer.record.state;
      state_from_ = directory->name();
    }
    if (!answer.record.login.empty()) add_login(answer.record.login);
  }
}

void Ownership::add_login(std::string_view login) {
  auto form = login_form(login, options_.login_domain, options_.letters);
  if (form && std::find(logins_.begin(), logins_.end(), *form) == logins_.end()) logins_.push_back(std::move(*form));
}

const std::vector<Ownership::Granted>& Ownership::grants() {
  if (grants_) return *grants_;
  grants_.emplace();
  const auto add = [this](const std::vector<std::string>& texts, bool acts_for, std::string_view directory) {
    for (const std::string& text : texts) {
      if (auto grant = grant_cache_.get(text)) {
        const bool delegates = acts_for || grant->delegates();
        grants_->push_back({std::move(grant), delegates, directory});
      } else {
        count("accounts.identity.bad-grants");
      }
    }
  };
  for (std::size_t i = 0; i < of_login_.size(); ++i) {
    add(of_login_[i].record.grants, false, directories_[i]->name());
    add(of_login_[i].record.behalf, true, directories_[i]->name());
  }
  return *grants_;
}

void Ownership::count(std::string_view counter) const {
  if (counters_ != nullptr) counters_->get(counter).add();
}

bool Ownership::is_login(std::string_view text) const {
  const auto form = login_form(text, options_.login_domain, options_.letters);
  return form && std::find(logins_.begin(), logins_.end(), *form) != logins_.end();
}

bool Ownership::names_login(const std::vector<std::string>& logins) const {
  return std::any_of(logins.begin(), logins.end(), [this](const std::string& login) { return is_login(login); });
}

// Without asking: the login itself, and the addresses that its records name.
std::optional<Ownership::Word> Ownership::owns(const AddressKey& key) const {
  const auto is_key = [&](const std::string& text) { return is_address(text, key, options_.letters); };
  if (options_.login_is_address && std::any_of(logins_.begin(), logins_.end(), is_key)) return Word{"login", {}};
  for (std::size_t i = 0; i < of_login_.size(); ++i) {
    const auto& addresses = of_login_[i].record.addresses;
    if (std::any_of(addresses.begin(), addresses.end(), is_key))
      return Word{"address", std::string(directories_[i]->name())};
  }
  return std::nullopt;
}

// What mail for `key` is tried for, one after the other, until a directory knows it.
std::vector<AddressKey> Ownership::steps(const AddressKey& key) const {
  std::vector<AddressKey> steps{key};
  if (key.local.empty() || key.is_routed()) return steps;
  for (AddressKey& stripped : without_extension(key, options_.delimiters)) steps.push_back(std::move(stripped));
  steps.push_back({{}, key.domain});
  return steps;
}

const Ownership::Told& Ownership::ask(const AddressKey& key) {
  const auto [at, fresh] = told_.try_emplace(key);
  Told& told = at->second;
  if (!fresh) return told;
  if (key.domain.empty() || key.domain.front() == '[') return told;  // no directory has such
  for (std::size_t i = 0; i < directories_.size(); ++i) {
    if (lookups_ >= options_.lookups) {
      count("accounts.identity.lookups-capped");
      told.unsure = true;
      return told;
    }
    ++lookups_;
    told.answers.emplace_back(i, directories_[i]->address(key.local, key.domain, deadline_));
    const Answer::Kind kind = told.answers.back().second.kind;
    told.known = told.known || kind == Answer::Kind::yes;
    told.unsure = told.unsure || kind == Answer::Kind::unsure;
    late_ = late_ || told.answers.back().second.late;
  }
  return told;
}

// Does the record of an address say by itself that it is the login's?
std::optional<Ownership::Word> Ownership::own_by(const Record& record, std::string_view directory) const {
  const bool is_its = (!record.login.empty() && is_login(record.login)) || names_login(record.owners);
  if (is_its) return Word{"owner", std::string(directory)};
  for (const std::string& address : record.addresses) {
    const auto key = address_key(address, options_.letters);
    if (key && owns(*key)) return Word{fmt::format("other name of {}", address), std::string(directory)};
  }
  return std::nullopt;
}

// `address` is what the alias stands for, which a catch-all may hand on to another domain as it is (`@old` to `@new`).
std::optional<Ownership::Word> Ownership::target_leads_here(const AddressKey& address, const Record& record,
                                                            std::string_view directory, int depth) {
  std::vector<AddressKey> further;
  for (const std::string& target : record.targets) {
    auto key = address_key(target, options_.letters);
    if (key && key->local.empty()) key->local = address.local;
    if (is_login(target) || (key && owns(*key)))
      return Word{fmt::format("alias of {}", target), std::string(directory)};
    if (key) further.push_back(std::move(*key));
  }
  for (const AddressKey& key : further) {
    if (leads_here(key, depth + 1)) return Word{fmt::format("alias of {}", key.text()), std::string(directory)};
  }
  return std::nullopt;
}

// Is the address the login's, itself or by aliases? `depth` aliases led to it.
std::optional<Ownership::Word> Ownership::leads_here(const AddressKey& key, int depth) {
  if (!visited_.insert(key).second) return std::nullopt;
  if (depth > options_.alias_depth) {
    count("accounts.identity.depth-capped");
    doubt_ = true;
    return std::nullopt;
  }
  for (const AddressKey& step : steps(key)) {
    if (auto own = owns(step)) {
      if (step.local.empty()) own->by = fmt::format("catch-all {}", step.text());
      if (step != key && !step.local.empty()) own->by = fmt::format("{} with an extension", step.text());
      return own;
    }
    const Told& told = ask(step);
    for (const auto& [directory, answer] : told.answers) {
      if (answer.kind != Answer::Kind::yes) continue;
      if (auto own = own_by(answer.record, directories_[directory]->name())) return own;
    }
    for (const auto& [directory, answer] : told.answers) {
      if (answer.kind != Answer::Kind::yes || !answer.record.sendable) continue;
      if (auto own = target_leads_here(key, answer.record, directories_[directory]->name(), depth)) return own;
    }
    doubt_ = doubt_ || told.unsure;
    if (told.known || told.unsure) return std::nullopt;  // local: an address that is somebody's is no catch-all
  }
  return std::nullopt;
}

// By the login's own record: by a grant that covers the address, or one for the address without its extension.
std::optional<Ownership::Word> Ownership::granted(const AddressKey& key, bool delegates) {
  for (const Granted& granted : grants()) {
    if (granted.delegates == delegates && granted.grant->covers(key))
      return Word{granted.grant->text(), std::string(granted.directory)};
  }
  const bool has_address = std::any_of(grants().begin(), grants().end(), [&](const Granted& granted) {
    return granted.delegates == delegates && granted.grant->address();
  });
  if (!has_address) return std::nullopt;
  AddressKey before = key;
  for (AddressKey& step : without_extension(key, options_.delimiters)) {
    const Told& told = ask(before);
    doubt_ = doubt_ || told.unsure;
    if (told.known || told.unsure) return std::nullopt;
    for (const Granted& granted : grants()) {
      if (granted.delegates == delegates && granted.grant->address() == step)
        return Word{granted.grant->text(), std::string(granted.directory)};
    }
    before = std::move(step);
  }
  return std::nullopt;
}

std::optional<Ownership::Word> Ownership::delegated(const AddressKey& key) {
  if (auto word = granted(key, true)) return word;
  for (const AddressKey& step : steps(key)) {
    const Told& told = ask(step);
    for (const auto& [directory, answer] : told.answers) {
      if (answer.kind == Answer::Kind::yes && names_login(answer.record.delegates))
        return Word{"delegate", std::string(directories_[directory]->name())};
    }
    if (told.known || told.unsure) break;
  }
  return std::nullopt;
}

std::optional<Ownership::Word> Ownership::aligned(const AddressKey& key) const {
  if (options_.alignment == Alignment::exact || key.is_routed()) return std::nullopt;
  const auto level = [&](const AddressKey& address) {
    const auto domain = Domain::parse(address.domain);
    return domain && options_.alignment == Alignment::org_domain ? organizational_domain(*domain) : domain;
  };
  const auto wanted = level(key);
  if (!wanted) return std::nullopt;
  const auto is_level = [&](const std::string& text) {
    const auto own = address_key(text, options_.letters);
    return own && level(*own) == wanted;
  };
  if (options_.login_is_address) {
    const auto login = std::find_if(logins_.begin(), logins_.end(), is_level);
    if (login != logins_.end()) return Word{fmt::format("domain of {}", *login), {}};
  }
  for (std::size_t i = 0; i < of_login_.size(); ++i) {
    const auto& addresses = of_login_[i].record.addresses;
    const auto own = std::find_if(addresses.begin(), addresses.end(), is_level);
    if (own != addresses.end()) return Word{fmt::format("domain of {}", *own), std::string(directories_[i]->name())};
  }
  return std::nullopt;
}

AddressFinding Ownership::standing(const Mailbox& mailbox, bool want_own) {
  AddressFinding finding;
  if (auto key = address_key(mailbox, options_.letters)) {
    if (key->domain.empty()) {  // local: `From: root` is of the login of that name; its MTA completes both
      if (const auto domain = Domain::parse(options_.login_domain)) key->domain = domain->text();
      if (key->domain.empty() && is_login(mailbox.local)) finding.standing = Standing::own, finding.by = "login";
    }
    if (finding.standing != Standing::own) {
      const auto known = found_.find({*key, want_own});
      finding = known != found_.end() ? known->second : found_[{*key, want_own}] = find(*key, want_own);
    }
  }
  finding.address = mailbox.text();
  return finding;
}

AddressFinding Ownership::find(const AddressKey& key, bool want_own) {
  AddressFinding finding;
  const auto is = [&](Standing standing, Word word) {
    finding.standing = standing;
    finding.by = std::move(word.by);
    finding.directory = std::move(word.directory);
    return finding;
  };
  visited_.clear();
  doubt_ = login_unsure_;
  if (auto own = owns(key)) return is(Standing::own, std::move(*own));
  auto grant = want_own ? std::nullopt : granted(key, false);
  if (grant) return is(Standing::granted, std::move(*grant));
  if (auto own = leads_here(key, 0)) return is(Standing::own, std::move(*own));
  if (want_own) grant = granted(key, false);
  if (!grant) grant = aligned(key);
  if (grant && !(want_own && doubt_)) return is(Standing::granted, std::move(*grant));
  auto acts_for = delegated(key);
  if (acts_for && !(want_own && doubt_)) return is(Standing::delegated, std::move(*acts_for));
  finding.standing = doubt_ ? Standing::unsure : Standing::foreign;
  tell_who_said_what(key, finding);
  return finding;
}

void Ownership::tell_who_said_what(const AddressKey& key, AddressFinding& finding) {
  std::vector<std::string> problems(directories_.size());
  std::vector<bool> said_no(directories_.size(), false);
  const auto hear = [&](std::size_t directory, const Answer& answer) {
    if (answer.kind == Answer::Kind::unsure)
      problems[directory] = answer.problem.empty() ? "no answer" : answer.problem;
    else if (answer.kind != Answer::Kind::silent)
      said_no[directory] = true;
  };
  for (std::size_t i = 0; i < of_login_.size(); ++i) hear(i, of_login_[i]);
  for (const AddressKey& step : steps(key)) {
    if (const auto told = told_.find(step); told != told_.end()) {
      for (const auto& [directory, answer] : told->second.answers) hear(directory, answer);
    }
  }
  for (std::size_t i = 0; i < directories_.size(); ++i) {
    if (!problems[i].empty())
      finding.unsure.push_back(fmt::format("{}: {}", directories_[i]->name(), problems[i]));
    else if (said_no[i])
      finding.said_no.emplace_back(directories_[i]->name());
  }
}

}  // namespace postern::accounts
