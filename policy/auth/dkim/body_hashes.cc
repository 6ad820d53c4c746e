#include "policy/auth/dkim/body_hashes.h"

#include <algorithm>
#include <array>
#include <vector>

#include "policy/auth/dkim/canonical_body.h"

namespace postern::dkim {

namespace {

/// One hash of a canonical body.
struct Counted {
  std::size_t number;
  crypto::Digest digest;
  std::uint64_t left;  // what may still count: RFC 6376 3.4.5
};

/// One canonicalization and the hashes that want it.
class OneForm final : public BodySink {
 public:
  explicit OneForm(Canonicalization form) : body(form, *this) {}

  void take(std::string_view bytes) override {
    for (Counted& hash : hashes) {
      const std::string_view counts =
          bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), hash.left)));
      if (counts.empty()) continue;
      hash.digest.update(counts);
      hash.left -= counts.size();
    }
  }

  CanonicalBody body;
  std::vector<Counted> hashes;
};

}  // namespace

struct BodyHashes::State {
  std::array<std::unique_ptr<OneForm>, 2> forms;  // simple and relaxed, where wanted
  std::vector<BodyForm> wanted;
  std::vector<Hashed> hashed;
};

BodyHashes::BodyHashes() : state_(std::make_unique<State>()) {}
BodyHashes::~BodyHashes() = default;

std::size_t BodyHashes::add(const BodyForm& form) {
  auto& wanted = state_->wanted;
  const auto same = std::find(wanted.begin(), wanted.end(), form);
  if (same != wanted.end()) return static_cast<std::size_t>(same - wanted.begin());
  auto& one = state_->forms[form.canonicalization == Canonicalization::simple ? 0 : 1];
  if (!one) one = std::make_unique<OneForm>(form.canonicalization);
  one->hashes.push_back({wanted.size(), crypto::Digest(form.hash), form.length.value_or(UINT64_MAX)});
  wanted.push_back(form);
  return wanted.size() - 1;
}

bool BodyHashes::empty() const { return state_->wanted.empty(); }

void BodyHashes::update(std::string_view chunk) {
  for (const auto& form : state_->forms)
    if (form) form->body.update(chunk);
}

void BodyHashes::finish() {
  state_->hashed.resize(state_->wanted.size());
  for (const auto& form : state_->forms) {
    if (!form) continue;
    form->body.finish();
    for (Counted& hash : form->hashes) state_->hashed[hash.number] = {hash.digest.finish(), form->body.bytes()};
  }
}

const BodyHashes::Hashed& BodyHashes::at(std::size_t number) const { return state_->hashed.at(number); }

}  // namespace postern::dkim
