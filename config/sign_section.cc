#include "config/sign_section.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <optional>

#include "config/read_file.h"
#include "config/sections.h"
#include "policy/auth/crypto.h"
#include "policy/auth/dkim/key_record.h"
#include "policy/base/text.h"

namespace postern::config {

namespace {

constexpr std::size_t kMostKeys = 1000;  // local

struct KeyTexts {
  std::string domain, selector, file;
};

KeyTexts ask_key(Settings& s) {
  KeyTexts texts;
  texts.domain = s.text("domain", "", "whose mail it signs (d=): an author's domain that is this or below it");
  texts.selector = s.text("selector", "", "where its record stands: SELECTOR._domainkey.DOMAIN");
  texts.file = s.text("file", "", "the private key, RSA or Ed25519, as `postern dkim keygen` writes it");
  return texts;
}

void warn_if_open(const std::string& path, const Place& where, Problems& problems) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && (info.st_mode & (S_IROTH | S_IWOTH)) != 0)
    problems.warning(where, fmt::format("everybody on this machine may read the private key {}", printable(path)),
                     "chmod o= it");
}

std::optional<dkim::SigningKey> read_key(const Node& node, std::string part, const std::string& folder,
                                         Problems& problems) {
  if (!node.is_map()) {
    problems.error(node.where, fmt::format("a key to sign with is a map, not {}", node.describe()),
                   "write {domain: example.org, selector: s1, file: keys/s1.pem}");
    return std::nullopt;
  }
  Settings settings(std::move(part), &node, problems);
  const KeyTexts texts = ask_key(settings);
  settings.finish();
  const auto domain = Domain::parse(texts.domain);
  if (!domain || !dkim::key_name(texts.selector, texts.domain)) {
    problems.error(node.where,
                   fmt::format("\"{}._domainkey.{}\" is no name that a key could have", printable(texts.selector, 60),
                               printable(texts.domain, 60)),
                   "a key wants a domain and a selector");
    return std::nullopt;
  }
  const std::string path = below(folder, texts.file);
  std::string why;
  const auto pem = texts.file.empty() ? std::nullopt : read_file(path, why);
  if (!pem) {
    problems.error(node.where,
                   texts.file.empty() ? std::string("a key wants a file")
                                      : fmt::format("{} cannot be read: {}", printable(path), why),
                   fmt::format("postern dkim keygen --domain {} --selector {} makes one", domain->text(),
                               printable(texts.selector, 60)));
    return std::nullopt;
  }
  auto key = crypto::PrivateKey::from_pem(*pem);
  if (!key) {
    problems.error(node.where, fmt::format("{}: {}", printable(path), key.error().message));
    return std::nullopt;
  }
  warn_if_open(path, node.where, problems);
  if ((*key)->type() == crypto::KeyType::rsa && (*key)->bits() < 1024)
    problems.error(node.where, fmt::format("{}: nobody accepts an RSA key of {} bits", printable(path), (*key)->bits()),
                   "RFC 8301 3.2 wants 2048");
  return dkim::SigningKey{domain->text(), ascii_lower(texts.selector), *std::move(key)};
}

}  // namespace

void ask_sign(Settings& s) {
  s.node("keys", "list of keys", "none", "DKIM: what a user hands in is signed with the keys of its author's domain");
  s.node("arc", "key", "none",
         "ARC: what comes from outside is sealed with this key, so that its next stop can tell what we saw");
}

std::vector<Settings::Asked> key_settings() {
  Problems none;
  Settings settings("sign.keys", nullptr, none);
  ask_key(settings);
  return settings.asked();
}

std::shared_ptr<const Signing> read_sign(const Node* section, const std::string& folder, Problems& problems) {
  if (section == nullptr) return nullptr;
  Settings settings("sign", section, problems);
  ask_sign(settings);
  settings.finish();
  if (!section->is_map()) return nullptr;
  auto signing = std::make_shared<Signing>();
  const Node* keys = section->find("keys");
  if (keys != nullptr && !keys->is_null() && !keys->is_list())
    problems.error(keys->where, fmt::format("sign.keys wants a list of keys, not {}", keys->describe()),
                   "write keys: [{domain: example.org, selector: s1, file: keys/s1.pem}]");
  if (keys != nullptr && keys->is_list()) {
    if (keys->items.size() > kMostKeys) problems.error(keys->where, fmt::format("over {} keys", kMostKeys));
    for (const Node& item : keys->items) {
      if (auto key = read_key(item, "sign.keys", folder, problems)) signing->keys.push_back(*std::move(key));
    }
  }
  const Node* seal = section->find("arc");
  if (seal != nullptr && !seal->is_null()) {
    signing->seal = read_key(*seal, "sign.arc", folder, problems);
    if (signing->seal && signing->seal->key->type() != crypto::KeyType::rsa)
      problems.error(seal->where, "sign.arc wants an RSA key", "RFC 8617 knows rsa-sha256 alone");
  }
  if (signing->keys.empty() && !signing->seal) return nullptr;
  return signing;
}

}  // namespace postern::config
