#include "policy/accounts/tables/tables_directory.h"

#include <algorithm>
#include <array>
#include <utility>

#include "policy/accounts/tables/logical_lines.h"
#include "policy/base/text.h"
#include "policy/mail/address_syntax.h"

namespace postern::accounts {

namespace {

using Sources = std::vector<std::shared_ptr<Source>>;

/// What the tables of a role say together.
struct Union {
  bool known = false;
  std::vector<std::string> items;
  Answer quality;  ///< unsure, with its reason, once a table failed; stale where one was
};

void add(Union& all, const Reply& reply, Counter& capped) {
  all.quality.stale = all.quality.stale || reply.stale;
  if (reply.status == Reply::Status::failed) {
    const bool late = reply.late || all.quality.late;
    all.quality = Answer::unsure(reply.problem, late);
  }
  if (reply.status != Reply::Status::found) return;
  all.known = true;
  for (const Row& row : reply.rows) {
    for (const auto& [field, value] : row.fields) {
      if (field != "value") continue;
      for (std::string& item : table_items(value)) {
        if (std::find(all.items.begin(), all.items.end(), item) != all.items.end()) continue;
        if (all.items.size() == kMostRows) return capped.add();
        all.items.push_back(std::move(item));
      }
    }
  }
}

Union ask(const Sources& tables, const std::string& key, const Deadline& deadline, Counter& capped) {
  Union all;
  for (const auto& table : tables) add(all, table->find({Lookup::value, key}, deadline), capped);
  return all;
}

bool has_failed(const Union& all) { return all.quality.kind == Answer::Kind::unsure; }

Answer answer_of(Record record, std::initializer_list<const Union*> unions) {
  Answer answer = Answer::yes(std::move(record));
  for (const Union* all : unions) answer.stale = answer.stale || all->quality.stale;
  return answer;
}

}  // namespace

std::vector<std::string> table_items(std::string_view value) {
  std::vector<std::string> items;
  std::string item;
  bool quoted = false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (!quoted && (c == ',' || is_blank(c))) {
      if (!item.empty()) items.push_back(std::exchange(item, {}));
      continue;
    }
    if (c == '"') quoted = !quoted;
    item += c;
    if (c == '\\' && quoted && i + 1 < value.size()) item += value[++i];
  }
  if (!item.empty()) items.push_back(std::move(item));
  return items;
}

TablesDirectory::TablesDirectory(std::string name, Tables tables, Counters& counters,
                                 std::vector<std::string> local_domains)
    : name_(std::move(name)),
      tables_(std::move(tables)),
      local_domains_(std::move(local_domains)),
      capped_(counters.get("accounts.tables.capped")) {}

Answer TablesDirectory::login(std::string_view login, const Deadline& deadline) {
  if (tables_.logins.empty()) return {};
  Union own = ask(tables_.logins, std::string(login), deadline, capped_);
  if (has_failed(own)) return own.quality;
  if (!own.known) return Answer::no();
  Record record;
  record.login = login;
  record.addresses = std::move(own.items);
  return answer_of(std::move(record), {&own});
}

Answer TablesDirectory::address(std::string_view local, std::string_view domain, const Deadline& deadline) {
  if (tables_.senders.empty() && tables_.mailboxes.empty() && tables_.aliases.empty()) return {};
  const std::string text = local.empty() || address_syntax::is_dot_string(local)
                               ? std::string(local)
                               : Mailbox{std::string(local), {}, {}}.text();
  std::vector<std::string> keys{text + '@' + std::string(domain)};
  const bool is_local = std::find(local_domains_.begin(), local_domains_.end(), domain) != local_domains_.end();
  if (is_local && !local.empty()) keys.push_back(text);
  for (const std::string& key : keys) {
    Union senders = ask(tables_.senders, key, deadline, capped_);
    Union mailboxes = ask(tables_.mailboxes, key, deadline, capped_);
    Union aliases = ask(tables_.aliases, key, deadline, capped_);
    for (const Union* all : {&senders, &mailboxes, &aliases}) {
      if (has_failed(*all)) return all->quality;
    }
    if (!senders.known && !mailboxes.known && !aliases.known) continue;
    Record record;
    record.owners = std::move(senders.items);
    record.targets = std::move(aliases.items);
    record.mailbox = mailboxes.known || aliases.known;
    return answer_of(std::move(record), {&senders, &mailboxes, &aliases});
  }
  return Answer::no();
}

std::vector<std::string> TablesDirectory::refresh() {
  std::vector<std::string> problems;
  for (const Sources* role : {&tables_.senders, &tables_.mailboxes, &tables_.aliases, &tables_.logins}) {
    for (const auto& table : *role) {
      for (std::string& problem : table->refresh()) problems.push_back(std::move(problem));
    }
  }
  return problems;
}

std::string TablesDirectory::trouble() const {
  for (const Sources* role : {&tables_.senders, &tables_.mailboxes, &tables_.aliases, &tables_.logins}) {
    for (const auto& table : *role) {
      if (std::string trouble = table->trouble(); !trouble.empty()) return trouble;
    }
  }
  return {};
}

}  // namespace postern::accounts
