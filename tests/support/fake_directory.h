#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "policy/accounts/directory.h"

namespace postern::test {

/// A directory in memory: what it is told, and no for the rest. Keys are as they are asked for. Not thread-safe while it
/// is told.
///
///     FakeDirectory people("people");
///     people.login("eva").addresses = {"eva@acme.example"};
///     people.address("info@acme.example").targets = {"eva"};
class FakeDirectory final : public accounts::Directory {
 public:
  explicit FakeDirectory(std::string name) : name_(std::move(name)) {}

  accounts::Record& login(const std::string& login) { return logins_[login]; }
  accounts::Record& address(const std::string& address) { return addresses_[address]; }
  /// From now on every answer is this one: Answer::unsure("down"), or Answer{} for silent.
  void always(accounts::Answer answer) { always_ = std::move(answer), has_always_ = true; }
  /// … the answers about addresses alone.
  void always_of_addresses(accounts::Answer answer) { of_addresses_ = std::move(answer), has_of_addresses_ = true; }
  int asked() const { return asked_; }

  std::string_view name() const override { return name_; }
  accounts::Answer login(std::string_view login, const Deadline&) override { return find(logins_, login); }
  accounts::Answer address(std::string_view local, std::string_view domain, const Deadline&) override {
    if (has_of_addresses_) return ++asked_, of_addresses_;
    return find(addresses_, std::string(local) + '@' + std::string(domain));
  }

 private:
  using Records = std::map<std::string, accounts::Record, std::less<>>;
  accounts::Answer find(const Records& records, std::string_view key) {
    ++asked_;
    if (has_always_) return always_;
    const auto found = records.find(key);
    return found == records.end() ? accounts::Answer::no() : accounts::Answer::yes(found->second);
  }

  const std::string name_;
  Records logins_, addresses_;
  accounts::Answer always_, of_addresses_;
  bool has_always_ = false, has_of_addresses_ = false;
  int asked_ = 0;
};

}  // namespace postern::test
