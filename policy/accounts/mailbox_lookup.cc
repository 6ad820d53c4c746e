#include "policy/accounts/mailbox_lookup.h"

#include <fmt/format.h>

#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "policy/accounts/identity/normal_form.h"

namespace postern::accounts {

namespace {

using Kind = MailboxFinding::Kind;

// What is better wins where aliases lead to several places.
int rank(Kind kind) {
  switch (kind) {
    case Kind::accepted: return 6;
    case Kind::unsure: return 5;
    case Kind::over_aliased: return 4;
    case Kind::suspended: return 3;
    case Kind::expired: return 2;
    case Kind::unknown: return 1;
    case Kind::silent: return 0;
  }
  return 0;
}

class Search {
 public:
  Search(const Directories& directories, const MailboxOptions& options, const Deadline& deadline)
      : directories_(directories), options_(options), deadline_(deadline) {}

  MailboxFinding address(const AddressKey& key, int depth) {
    if (depth > options_.alias_depth) return {Kind::over_aliased, fmt::format("more than {} aliases", depth - 1)};
    if (!way_.insert(key).second) return {Kind::over_aliased, fmt::format("{} leads back to itself", key.text())};
    MailboxFinding finding = first_step(key, depth);
    way_.erase(key);
    return finding;
  }

  std::map<std::string, std::string, std::less<>> facts;

 private:
  MailboxFinding first_step(const AddressKey& key, int depth) {
    std::vector<AddressKey> steps{key};
    for (AddressKey& shorter : without_extension(key, options_.delimiters)) steps.push_back(std::move(shorter));
    steps.push_back({"", key.domain});
    MailboxFinding best;
    for (const AddressKey& step : steps) {
      MailboxFinding finding = one(step, depth);
      if (finding.kind != Kind::unknown && finding.kind != Kind::silent) return finding;
      if (rank(finding.kind) > rank(best.kind) || best.reason.empty()) best = std::move(finding);
    }
    if (best.kind == Kind::unknown) best.reason = fmt::format("{}: no such address ({})", key.text(), names());
    return best;
  }

  // What all directories say of one address, no extension stripped.
  MailboxFinding one(const AddressKey& key, int depth) {
    std::vector<std::pair<std::string_view, Record>> records;
    MailboxFinding unsure;
    bool asked = false;
    for (const auto& directory : directories_) {
      if (++lookups_ > options_.lookups) return {Kind::over_aliased, fmt::format("more than {} lookups", lookups_ - 1)};
      Answer answer = directory->address(key.local, key.domain, deadline_);
      if (answer.kind == Answer::Kind::silent) continue;
      asked = true;
      if (answer.kind == Answer::Kind::yes) records.emplace_back(directory->name(), std::move(answer.record));
      const bool no_new_answer = answer.kind == Answer::Kind::no && answer.stale;  // it may have been made since
      if (answer.kind != Answer::Kind::unsure && !no_new_answer) continue;
      unsure.kind = Kind::unsure;
      unsure.late = unsure.late || answer.late;
      unsure.reason = fmt::format("{}: {}", directory->name(), answer.problem.empty() ? "no answer" : answer.problem);
    }
    if (!asked) return {Kind::silent, "no directory is asked about such addresses"};
    MailboxFinding best;
    for (const auto& [name, record] : records) {
      facts.insert(record.facts.begin(), record.facts.end());
      MailboxFinding finding = of(record, name, key, depth);
      if (rank(finding.kind) > rank(best.kind)) best = std::move(finding);
    }
    if (best.kind == Kind::accepted) return best;
    if (unsure.kind == Kind::unsure) return unsure;  // it might have said yes
    return best.kind == Kind::silent ? MailboxFinding{Kind::unknown, {}} : best;
  }

  MailboxFinding of(const Record& record, std::string_view directory, const AddressKey& key, int depth) {
    if (record.state != State::active) {
      return {record.state == State::expired ? Kind::expired : Kind::suspended,
              fmt::format("{} is {} ({})", key.text(), name(record.state), directory)};
    }
    if (record.targets.empty())
      return record.mailbox ? MailboxFinding{Kind::accepted, fmt::format("{} ({})", key.text(), directory)}
                            : MailboxFinding{Kind::unknown, {}};
    MailboxFinding best{Kind::unknown, fmt::format("{} leads to nobody ({})", key.text(), directory)};
    for (const std::string& target : record.targets) {
      MailboxFinding finding = follow(target, key, depth + 1);
      if (rank(finding.kind) > rank(best.kind)) best = std::move(finding);
      if (best.kind == Kind::accepted) break;
    }
    return best;
  }

  MailboxFinding follow(const std::string& target, const AddressKey& from, int depth) {
    const std::optional<AddressKey> key = address_key(target, options_.letters);
    if (!key) return login(target, depth);
    if (*key == from)
      return {Kind::accepted, fmt::format("{} keeps its mail", key->text())};  // virtual(5): a copy stays
    MailboxFinding finding = address(*key, depth);
    // Another site's mailbox is that site's business.
    if (finding.kind == Kind::silent || (finding.kind == Kind::unknown && key->domain != from.domain))
      return {Kind::accepted, fmt::format("{} leads to {}", from.text(), key->text())};
    return finding;
  }

  MailboxFinding login(const std::string& target, int depth) {
    if (depth > options_.alias_depth) return {Kind::over_aliased, fmt::format("more than {} aliases", depth - 1)};
    bool asked = false;
    for (const auto& directory : directories_) {
      if (++lookups_ > options_.lookups) return {Kind::over_aliased, fmt::format("more than {} lookups", lookups_ - 1)};
      const Answer answer = directory->login(target, deadline_);
      asked = asked || answer.kind != Answer::Kind::silent;
      if (answer.kind == Answer::Kind::yes && answer.record.state == State::active)
        return {Kind::accepted, fmt::format("account {} ({})", target, directory->name())};
      if (answer.kind == Answer::Kind::yes) return {Kind::suspended, fmt::format("account {} is off", target)};
      if (answer.kind == Answer::Kind::unsure)
        return {Kind::unsure, fmt::format("{}: {}", directory->name(), answer.problem), answer.late, {}};
    }
    // A user of the machine, perhaps: no directory is there to say no.
    return asked ? MailboxFinding{Kind::unknown, fmt::format("no account {}", target)}
                 : MailboxFinding{Kind::accepted, fmt::format("leads to {}", target)};
  }

  std::string names() const {
    std::string out;
    for (const auto& directory : directories_) out += (out.empty() ? "" : ", ") + std::string(directory->name());
    return out;
  }

  const Directories& directories_;
  const MailboxOptions& options_;
  const Deadline& deadline_;
  std::set<AddressKey> way_;  // of aliases that led here
  int lookups_ = 0;
};

}  // namespace

MailboxFinding find_mailbox(const Mailbox& mailbox, const Directories& directories, const MailboxOptions& options,
                            const Deadline& deadline) {
  const std::optional<AddressKey> key = address_key(mailbox, options.letters);
  if (!key || key->domain.empty()) return {Kind::unknown, "no address that can be looked up"};
  Search search(directories, options, deadline);
  MailboxFinding finding = search.address(*key, 0);
  finding.facts = std::move(search.facts);
  return finding;
}

}  // namespace postern::accounts
