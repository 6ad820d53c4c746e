#include "policy/accounts/tables/table_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "policy/accounts/tables/cdb_table.h"
#include "policy/accounts/tables/file_table.h"
#include "policy/accounts/tables/lmdb_table.h"
#include "policy/accounts/tables/postfix_table.h"
#include "policy/accounts/tables/regexp_table.h"
#include "policy/accounts/tables/socketmap.h"
#include "policy/accounts/tables/tcp_table.h"
#include "policy/accounts/tables/text_table.h"
#include "policy/base/text.h"

namespace postern::accounts {

namespace {

using Parse = ReloadedFile<TableContent>::Parse;

template <PatternKind kind>
std::shared_ptr<const TableContent> read_patterns(const std::string& name, const std::string& text,
                                                  Problems& problems) {
  return read_pattern_table(kind, name, text, problems);
}

struct FileType {
  std::string_view name;
  std::string_view suffix;  ///< that postmap(1) appends to the path
  std::size_t most_bytes;
  FileTable::Follow follow;
  std::shared_ptr<const TableContent> (*parse)(const std::string&, const std::string&, Problems&);
};

constexpr std::array<FileType, 7> kFileTypes{{
    {"texthash", "", kMostTableBytes, FileTable::Follow::refresh, read_text_table},
    {"hash", "", kMostTableBytes, FileTable::Follow::refresh, read_text_table},
    {"btree", "", kMostTableBytes, FileTable::Follow::refresh, read_text_table},
    {"regexp", "", kMostTableBytes, FileTable::Follow::refresh, read_patterns<PatternKind::regexp>},
    {"pcre", "", kMostTableBytes, FileTable::Follow::refresh, read_patterns<PatternKind::pcre>},
    {"cdb", ".cdb", kMostIndexedBytes, FileTable::Follow::lookups, read_cdb_table},
    {"lmdb", ".lmdb", kMostIndexedBytes, FileTable::Follow::lookups, read_lmdb_table},
}};

// Described in a file of Postfix's: postfix_table.h.
constexpr std::array<std::string_view, 4> kDescribedTypes{"ldap", "mysql", "pgsql", "sqlite"};

bool is_described(std::string_view type) {
  return std::find(kDescribedTypes.begin(), kDescribedTypes.end(), type) != kDescribedTypes.end();
}

std::vector<std::string> type_names() {
  std::vector<std::string> names{"socketmap", "tcp"};
  for (const std::string_view type : kDescribedTypes) names.emplace_back(type);
  for (const FileType& type : kFileTypes) names.emplace_back(type.name);
  return names;
}

std::shared_ptr<Source> open_file(const FileType& type, const std::string& path, const Place& where,
                                  Problems& problems) {
  if (!path.starts_with('/')) {
    problems.error(where, fmt::format("{}: needs the whole path of a file, not \"{}\"", type.name, printable(path)));
    return nullptr;
  }
  const bool suffixed = type.suffix.empty() || path.ends_with(type.suffix);
  auto table = std::make_shared<FileTable>(suffixed ? path : path + std::string(type.suffix), type.most_bytes,
                                           type.follow, type.parse);
  Problems own;
  table->load(where, own);
  for (const Problem& problem : own.all()) problems.add(problem);
  return own.usable() ? table : nullptr;
}

std::shared_ptr<const Connector> open_server(const TableSpec& spec, const Interrupt* interrupt, std::string& wrong) {
  if (spec.type == "tcp") {  // tcp_table(5): tcp:host:port
    const auto server = Endpoint::parse(spec.path.starts_with("unix:") ? spec.path : "inet:" + spec.path);
    if (server) return std::make_shared<TcpTable>(*server, interrupt);
    return wrong = server.error().message, nullptr;
  }
  const std::size_t colon = spec.path.rfind(':');  // socketmap_table(5): inet:host:port:name, unix:path:name
  const std::string map = colon == std::string::npos ? "" : spec.path.substr(colon + 1);
  if (map.empty() || map.find_first_of(" \t\r\n") != std::string::npos)
    return wrong = "write socketmap:inet:127.0.0.1:8891:NAME or socketmap:unix:/run/server.sock:NAME", nullptr;
  const auto server = Endpoint::parse(spec.path.substr(0, colon));
  if (server) return std::make_shared<Socketmap>(*server, map, interrupt);
  return wrong = server.error().message, nullptr;
}

}  // namespace

bool is_file_table(std::string_view type) {
  return is_described(type) ||
         std::any_of(kFileTypes.begin(), kFileTypes.end(), [&](const FileType& t) { return t.name == type; });
}

Result<TableSpec> parse_table_spec(std::string_view text) {
  const std::vector<std::string> names = type_names();
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos)
    return Error{fmt::format("\"{}\" names no type of table; write texthash:{}", printable(text), printable(text)), {}};
  TableSpec spec{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
  if (std::find(names.begin(), names.end(), spec.type) != names.end()) return spec;
  const std::string hint = did_you_mean(spec.type, names);
  return Error{fmt::format("there are no tables of type \"{}\"; {}", printable(spec.type),
                           hint.empty() ? "there are " + join(names, ", ") : hint),
               {}};
}

Table open_table(const TableSpec& spec, const Place& where, Problems& problems, const Interrupt* interrupt) {
  for (const FileType& type : kFileTypes) {
    if (type.name == spec.type) return {open_file(type, spec.path, where, problems), nullptr};
  }
  if (is_described(spec.type)) return {nullptr, read_postfix_table(spec.type, spec.path, problems)};
  std::string wrong;
  Table table{nullptr, open_server(spec, interrupt, wrong)};
  if (!wrong.empty()) problems.error(where, std::move(wrong));
  return table;
}

}  // namespace postern::accounts
