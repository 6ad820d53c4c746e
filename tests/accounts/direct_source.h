#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "policy/accounts/lookup.h"

namespace postern::accounts {

/// One connection of a Connector as a Source, made anew after each failure: what a pool does, without the pool.
class DirectSource final : public Source {
 public:
  explicit DirectSource(std::shared_ptr<const Connector> connector, std::chrono::milliseconds patience)
      : connector_(std::move(connector)), patience_(patience) {}

  Reply find(const Question& question, const Deadline&) override {
    const SteadyTime until = std::chrono::steady_clock::now() + patience_;
    if (!backend_) {
      auto made = connector_->connect(until);
      if (!made) return Reply::failed(made.error().message);
      backend_ = std::move(made).value();
    }
    Reply reply = backend_->ask(question, until);
    if (reply.status == Reply::Status::failed) backend_.reset();
    return reply;
  }
  bool has(Lookup lookup) const override { return connector_->has(lookup); }

 private:
  std::shared_ptr<const Connector> connector_;
  const std::chrono::milliseconds patience_;
  std::unique_ptr<Backend> backend_;
};

}  // namespace postern::accounts
