#pragma once

#include <memory>
#include <utility>

#include "policy/base/guarded.h"
#include "policy/dns/resolver.h"

namespace postern::dns {

/// Stands for the resolver that is in force; swapped whole by a reload. A message keeps the one that it began with,
/// which ends with its last message. Thread-safe.
class ResolverInForce final : public Resolver {
 public:
  explicit ResolverInForce(std::shared_ptr<Resolver> resolver) : resolver_(std::move(resolver)) {}

  void replace(std::shared_ptr<Resolver> resolver) {
    resolver_.with([&](auto& r) { r.swap(resolver); });  // the old one ends here, outside the lock
  }
  std::shared_ptr<Resolver> current() override {
    return resolver_.with([](const auto& r) { return r; });
  }

  void prefetch(const Question& question) override { current()->prefetch(question); }
  AnswerPtr query(const Question& question, const Deadline& deadline) override {
    return current()->query(question, deadline);
  }
  AnswerPtr query_uncached(const Question& question, const Deadline& deadline) override {
    return current()->query_uncached(question, deadline);
  }
  void tick() override { current()->tick(); }
  bool in_doubt() const override {
    return resolver_.with([](const auto& r) { return r; })->in_doubt();
  }
  Health health() const override {
    return resolver_.with([](const auto& r) { return r; })->health();
  }

 private:
  Guarded<std::shared_ptr<Resolver>> resolver_;
};

}  // namespace postern::dns
