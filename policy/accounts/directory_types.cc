#include "policy/accounts/directory_type.h"

#include <fmt/format.h>

#include <array>

#include "policy/accounts/dovecot.h"
#include "policy/accounts/file_directory.h"
#include "policy/accounts/guard/guarded_source.h"
#include "policy/accounts/ldap/ldap_connector.h"
#include "policy/accounts/rows_directory.h"
#include "policy/accounts/sql/sql_connector.h"
#include "policy/accounts/system_users.h"
#include "policy/accounts/tables/table_spec.h"
#include "policy/accounts/tables/tables_directory.h"
#include "policy/base/text.h"

namespace postern::accounts {

namespace {

std::string below(const std::string& folder, const std::string& path) {
  return path.starts_with('/') || folder.empty() ? path : folder + '/' + path;
}

// Rows of a back end behind a guard.
MakeDirectory rows(const std::string& name, std::shared_ptr<const Connector> connector, GuardOptions guard,
                   std::vector<FactField> facts) {
  if (connector == nullptr) return {};
  return [name, connector = std::move(connector), guard, facts = std::move(facts)](const DirectoryMaking& making) {
    auto source = std::make_shared<GuardedSource>(connector, guard, making.clock, making.counters);
    return std::make_shared<RowsDirectory>(name, std::move(source), facts, making.clock, making.counters);
  };
}

MakeDirectory read_dovecot(Settings& s, const DirectoryReading& reading) {
  const Node* socket = s.node("socket", "path", "/run/dovecot/auth-userdb", "Dovecot's socket for looking up users");
  const std::string path = socket != nullptr && socket->is_scalar() ? socket->text : "/run/dovecot/auth-userdb";
  const std::string service = s.text("service", "smtp", "what Dovecot is told that it is for");
  std::vector<FactField> facts = read_typed_facts(s);
  const GuardOptions guard = read_guard_options(s);
  const Result<Endpoint> endpoint = Endpoint::parse("unix:" + below(reading.folder, path));
  if (!endpoint) {
    s.problems().error(socket == nullptr ? Place{} : socket->where, endpoint.error().message);
    return {};
  }
  return rows(reading.name, std::make_shared<Dovecot>(*endpoint, service), guard, std::move(facts));
}

MakeDirectory read_file(Settings& s, const DirectoryReading& reading) {
  const Node* node = s.node("path", "path", "", "file of accounts, aliases and groups; read again when it has changed");
  if (node == nullptr || !node->is_scalar() || node->text.empty()) return {};
  const std::string path = below(reading.folder, node->text);
  const SystemClock clock;
  FileDirectory(reading.name, path, reading.yaml, clock).load(node->where, s.problems());  // to be told of mistakes
  return [name = reading.name, path, where = node->where, yaml = reading.yaml](const DirectoryMaking& making) {
    auto directory = std::make_shared<FileDirectory>(name, path, yaml, making.clock, making.letters);
    Problems told_before;
    directory->load(where, told_before);
    return directory;
  };
}

MakeDirectory read_ldap(Settings& s, const DirectoryReading& reading) {
  const Node* attributes = nullptr;
  std::shared_ptr<const Connector> connector = read_ldap_accounts(s, &attributes);
  std::vector<FactField> facts = facts_of_attributes(attributes);
  const GuardOptions guard = read_guard_options(s);
  return rows(reading.name, std::move(connector), guard, std::move(facts));
}

MakeDirectory read_sql(Settings& s, const DirectoryReading& reading) {
  std::shared_ptr<const Connector> connector = read_sql_accounts(s);
  std::vector<FactField> facts = read_typed_facts(s);
  const GuardOptions guard = read_guard_options(s);
  return rows(reading.name, std::move(connector), guard, std::move(facts));
}

MakeDirectory read_system(Settings& s, const DirectoryReading& reading) {
  SystemUsersOptions options;
  options.first =
      static_cast<uid_t>(s.number("first-uid", options.first, 0, 4'000'000'000, "of the users that are people"));
  options.last = static_cast<uid_t>(s.number("last-uid", options.last, 0, 4'000'000'000, "likewise"));
  options.shell = s.flag("shell", options.shell, "who may not log in here (nologin, false) is no account");
  for (const std::string& text : s.texts("local-domains", "none", "domains whose local parts are users")) {
    if (const auto domain = Domain::parse(text)) options.domains.push_back(domain->text());
  }
  const GuardOptions guard = read_guard_options(s);
  return rows(reading.name, std::make_shared<SystemUsers>(std::move(options)), guard, {});
}

std::vector<Table> open_tables(Settings& s, std::string_view key, std::string_view doc, const std::string& folder) {
  std::vector<Table> tables;
  const Node* node = s.node(key, "list of TYPE:PATH, as Postfix writes them", "none", doc);
  if (node == nullptr || node->is_null()) return tables;
  std::vector<Node> specs = node->is_list() ? node->items : std::vector<Node>{*node};
  for (const Node& item : specs) {
    Result<TableSpec> spec = item.is_scalar() ? parse_table_spec(item.text) : Error{"a table is one text", {}};
    if (!spec) {
      s.problems().error(item.where, spec.error().message);
      continue;
    }
    if (is_file_table(spec->type)) spec->path = below(folder, spec->path);
    Table table = open_table(*spec, item.where, s.problems());
    if (table.source || table.connector) tables.push_back(std::move(table));
  }
  return tables;
}

MakeDirectory read_tables(Settings& s, const DirectoryReading& reading) {
  struct Roles {
    std::vector<Table> senders, mailboxes, aliases, logins;
    std::vector<std::string> local_domains;
    GuardOptions guard;
  } roles;
  const std::string& folder = reading.folder;
  roles.senders = open_tables(s, "senders", "address → logins that own it (smtpd_sender_login_maps)", folder);
  roles.mailboxes = open_tables(s, "mailboxes", "address → anything: it takes mail (virtual_mailbox_maps)", folder);
  roles.aliases = open_tables(s, "aliases", "address → addresses and logins (virtual_alias_maps)", folder);
  roles.logins = open_tables(s, "logins", "login → its own addresses", folder);
  for (const std::string& text :
       s.texts("local-domains", "none", "domains whose addresses stand in tables without them (mydestination)")) {
    if (const auto domain = Domain::parse(text)) roles.local_domains.push_back(domain->text());
  }
  roles.guard = read_guard_options(s);
  return [name = reading.name, roles = std::move(roles)](const DirectoryMaking& making) {
    const auto sources = [&](const std::vector<Table>& tables) {
      std::vector<std::shared_ptr<Source>> all;
      for (const Table& table : tables) {
        all.push_back(table.source ? table.source
                                   : std::make_shared<GuardedSource>(table.connector, roles.guard, making.clock,
                                                                     making.counters));
      }
      return all;
    };
    Tables tables{.senders = sources(roles.senders),
                  .mailboxes = sources(roles.mailboxes),
                  .aliases = sources(roles.aliases),
                  .logins = sources(roles.logins)};
    return std::make_shared<TablesDirectory>(name, std::move(tables), making.counters, roles.local_domains);
  };
}

// In the order of the alphabet.
constexpr std::array kTypes{
    DirectoryType{"dovecot", "users of a Dovecot on this machine", read_dovecot},
    DirectoryType{"file", "a file of accounts", read_file},
    DirectoryType{"ldap", "an LDAP directory", read_ldap},
    DirectoryType{"sql", "a PostgreSQL, MariaDB or SQLite database", read_sql},
    DirectoryType{"system", "users of this machine", read_system},
    DirectoryType{"tables", "tables of Postfix", read_tables},
};

}  // namespace

std::span<const DirectoryType> directory_types() { return kTypes; }

}  // namespace postern::accounts
