#include "policy/mail/list_fields.h"

#include <string_view>

#include "policy/base/text.h"
#include "policy/mail/address.h"

namespace postern {

namespace {

constexpr std::size_t kMostBytes = 2000;  // local: of a field that is looked at

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// RFC 3986 2.1
std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex(text[i + 1]) : -1;
    const int low = high >= 0 ? hex(text[i + 2]) : -1;
    out += low >= 0 ? static_cast<char>(high * 16 + low) : text[i];
    if (low >= 0) i += 2;
  }
  return out;
}

// The first mailto among the URLs, each in angle brackets; "NO" has none (RFC 2369 3.4).
std::optional<Mailbox> post_address(std::string_view value) {
  constexpr std::string_view kScheme = "mailto:";
  for (std::size_t open = value.find('<'); open != std::string_view::npos; open = value.find('<', open + 1)) {
    const std::string_view rest = trim(value.substr(open + 1));
    if (!ascii_iequals(rest.substr(0, kScheme.size()), kScheme)) continue;
    const std::string_view url = rest.substr(kScheme.size());
    Path path = Path::parse(percent_decoded(trim(url.substr(0, url.find_first_of(">?")))));
    if (path.mailbox && path.mailbox->domain) return std::move(path.mailbox);
  }
  return std::nullopt;
}

// What stands in the last angle brackets; old lists write the identifier alone.
std::optional<Domain> list_id(std::string_view value) {
  const std::size_t open = value.rfind('<');
  if (open == std::string_view::npos) return Domain::parse(trim(value));
  return Domain::parse(trim(value.substr(open + 1, value.find('>', open) - open - 1)));
}

}  // namespace

ListFields read_list_fields(std::span<const HeaderField> header) {
  ListFields list;
  bool bulk = false, other = false;
  std::string post;
  for (const HeaderField& field : header) {
    const bool is_id = field.is("List-Id");
    const bool is_post = field.is("List-Post");
    if (is_id || is_post) {
      const std::string value = field.unfolded().substr(0, kMostBytes);
      list.is_list = list.is_list || !value.empty();
      if (is_id && !list.id) list.id = list_id(value);
      if (is_post && !list.post_domain) {
        if (const auto address = post_address(value)) {
          list.post_domain = address->domain;
          post = address->text();
        }
      }
    } else if (field.is("Precedence")) {
      const std::string value = field.unfolded();
      list.is_list = list.is_list || ascii_iequals(value, "list");
      bulk = bulk || ascii_iequals(value, "bulk");
    } else {
      other = other || ascii_iequals(std::string_view(trim(field.name)).substr(0, 5), "List-");
    }
  }
  list.is_list = list.is_list || (bulk && other);
  list.account = !post.empty() ? post : list.id ? list.id->text() : std::string();
  return list;
}

}  // namespace postern
