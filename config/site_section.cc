#include "config/site_section.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "config/placed_texts.h"
#include "config/sections.h"
#include "policy/base/text.h"

namespace postern::config {

namespace {

std::string machine_name() {
  char buffer[256] = {};
  if (::gethostname(buffer, sizeof buffer - 1) != 0) return "localhost";
  const auto name = Domain::parse(buffer);
  return name ? name->text() : "localhost";
}

std::shared_ptr<rules::List> list_of(const Node& node, const std::string& folder, Problems& problems) {
  return rules::compile_list("site.domains", node, folder, problems);
}

std::shared_ptr<rules::List> empty_list() {
  Problems none;
  Node node;
  node.kind = Node::Kind::list;
  return list_of(node, {}, none);
}

/// One text: the name of a list, or `file:PATH`.
std::shared_ptr<rules::List> list_by_name(const Node& node, const std::string& folder, const rules::Lists& lists,
                                          std::span<const std::string> declared, Problems& problems) {
  if (node.text.starts_with("file:")) {
    Node whole;
    whole.kind = Node::Kind::list;
    whole.where = node.where;
    whole.items.push_back(node);
    return list_of(whole, folder, problems);
  }
  if (auto list = lists.find(node.text)) return list;
  if (std::find(declared.begin(), declared.end(), node.text) != declared.end()) return nullptr;  // told where it stands
  std::string hint = did_you_mean(node.text, declared);
  if (hint.empty() && node.text.find('.') != std::string::npos)
    hint = fmt::format("a domain itself stands in brackets: [{}]", printable(node.text));
  problems.error(node.where, fmt::format("site.domains: there is no list \"{}\"", printable(node.text)), hint);
  return nullptr;
}

/// RFC 8601 2.5 would also take a quoted-string: local: nobody needs one, and it breaks comparisons elsewhere.
bool is_authserv_id(std::string_view text) {
  return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
  });
}

}  // namespace

void read_site(Settings& s, const std::string& folder, const rules::Lists& lists, std::span<const std::string> declared,
               Site& site) {
  Problems& problems = s.problems();
  const Node* hostname =
      s.node("hostname", "host name", "the machine's name", "our own name, as the MTA greets with it");
  site.hostname = machine_name();
  if (hostname != nullptr && !hostname->is_null()) {
    const auto name = Domain::parse(hostname->text);
    if (name)
      site.hostname = name->text();
    else
      problems.error(hostname->where, fmt::format("site.hostname: \"{}\" is no host name", printable(hostname->text)),
                     "write it like mx.example.org");
  }

  const Node* domains = s.node("domains", "list of domains, file:PATH among them, or the name of a list", "none",
                               "domains we take mail for");
  if (domains == nullptr || domains->is_null())
    site.domains = nullptr;
  else if (domains->is_scalar())
    site.domains = list_by_name(*domains, folder, lists, declared, problems);
  else if (domains->is_list())
    site.domains = list_of(*domains, folder, problems);
  else
    problems.error(domains->where, fmt::format("site.domains wants a list of domains, not {}", domains->describe()));
  if (site.domains == nullptr) site.domains = empty_list();

  const auto networks =
      placed_texts(s, "networks", "list of networks", "127.0.0.0/8, ::1/128", "clients that may relay through us");
  for (const PlacedText& text : networks) {
    if (const auto network = Network::parse(text.text))
      site.networks.push_back(*network);
    else
      problems.error(text.where, fmt::format("site.networks: \"{}\" is no network", printable(text.text)),
                     "write 192.0.2.0/24, 2001:db8::/32 or one address, with no bits behind the prefix");
  }
  if (networks.empty()) site.networks = {*Network::parse("127.0.0.0/8"), *Network::parse("::1/128")};

  site.submission =
      s.texts("submission", "none", "names of the MTA's listeners that are for submission ({daemon_name})");
  for (const PlacedText& file : placed_texts(s, "geo", "list of files", "none",
                                             "databases of countries and autonomous systems, in MaxMind's DB format")) {
    Result<std::unique_ptr<GeoDatabase>> database = GeoDatabase::open(below(folder, file.text));
    if (database)
      site.geo.push_back(std::shared_ptr<GeoDatabase>(*std::move(database)));
    else
      problems.error(file.where, "site.geo: " + database.error().message);
  }
  for (const PlacedText& text : placed_texts(s, "addresses", "list of addresses", "none",
                                             "our own public addresses, to recognize an MX that is us")) {
    if (const auto address = IpAddress::parse(text.text))
      site.addresses.push_back(*address);
    else
      problems.error(text.where, fmt::format("site.addresses: \"{}\" is no address", printable(text.text)),
                     "write 192.0.2.1 or 2001:db8::1");
  }

  const Node* delimiters = s.node("delimiters", "characters", "+",
                                  "what an extension of a local part begins with (eva+shop@); empty: there are none");
  if (delimiters != nullptr && !delimiters->is_null()) {
    site.delimiters = delimiters->text;
    const bool fits =
        delimiters->text.size() <= 8 && delimiters->text.find_first_not_of("+-._=#/") == std::string::npos;
    if (!delimiters->is_scalar() || !fits)
      problems.error(delimiters->where, "site.delimiters: an extension begins with one of + - . _ = # /",
                     "write delimiters: \"+\"");
  }
  static constexpr std::array<std::string_view, 2> kLetters{"fold", "exact"};
  site.letters = s.word("local-parts", "fold", kLetters,
                        "are Eva@ and eva@ one address of ours (fold), or two (exact)? The same of logins") == "exact"
                     ? LetterCase::exact
                     : LetterCase::fold;
  site.certificate_logins =
      s.flag("certificate-logins", false, "the name in a TLS client certificate (SASL EXTERNAL) is a login");

  const Node* id = s.node("authserv-id", "host name", "the hostname",
                          "what our Authentication-Results begin with; other than that of every other filter here");
  site.authserv_id = site.hostname;
  if (id != nullptr && !id->is_null()) {
    if (is_authserv_id(id->text))
      site.authserv_id = id->text;
    else
      problems.error(id->where, fmt::format("site.authserv-id: \"{}\" is not of letters, digits, dots and hyphens",
                                            printable(id->text)));
  }
}

}  // namespace postern::config
