#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "policy/base/clock.h"
#include "policy/base/deadline.h"
#include "policy/store/redis/command.h"
#include "policy/store/redis/reply.h"

namespace postern::store::redis {

/// The promise of one ask(): a place for the reply of each command. Thread-safe.
class Asked {
 public:
  explicit Asked(std::size_t replies) : replies_(replies), missing_(replies) {}

  void answer(std::size_t index, Reply reply) {
    bool complete = false;
    {
      const std::lock_guard lock(mutex_);
      replies_[index] = std::move(reply);
      complete = --missing_ == 0;
    }
    if (complete) complete_.notify_one();
  }

  /// What has come by `deadline`; what has not is unavailable.
  std::vector<Reply> wait(const Deadline& deadline) {
    std::unique_lock lock(mutex_);
    if (!deadline.wait(lock, complete_, [&] { return missing_ == 0; })) return replies_;
    return std::move(replies_);
  }

 private:
  std::mutex mutex_;  // guards what follows
  std::condition_variable complete_;
  std::vector<Reply> replies_;
  std::size_t missing_;
};

/// One command on its way.
struct Entry {
  enum class Kind {
    command,   ///< of a caller
    load,      ///< sends a script
    watch,     ///< asks for the role
    redirect,  ///< ASKING
  };

  Kind kind = Kind::command;
  Command command;
  std::shared_ptr<Asked> asked{};  ///< null: nobody waits for it
  std::size_t index = 0;           ///< its place there
  int tries = 0;
  bool done = true;     ///< once it was sent; false: the server has said that it did not do it
  bool again = false;   ///< it was sent on a connection that is lost
  SteadyTime handed{};  ///< over by its caller
  SteadyTime sent{};

  /// Runs of a script that go with this one, in the order of their answers.
  struct Part {
    std::shared_ptr<Asked> asked;
    std::size_t index = 0;
    std::size_t answer_bytes = 0;
  };
  std::vector<Part> parts{};  ///< this one first; empty where it is alone

  bool told() const { return kind == Kind::command && asked == nullptr; }
  std::int64_t count() const { return parts.empty() ? 1 : static_cast<std::int64_t>(parts.size()); }

  /// Takes another run of the same script along.
  void join(Entry other) {
    if (parts.empty()) parts.push_back({asked, index, command.answer_bytes()});
    parts.push_back({std::move(other.asked), other.index, other.command.answer_bytes()});
    command.join(other.command);
  }

  /// To whoever waits for it; each has the part that is its own.
  void answer(Reply reply) {
    if (!asked) return;
    if (parts.empty()) return asked->answer(index, std::move(reply));
    const bool splits = reply.type == Reply::Type::text && reply.text.size() == command.answer_bytes();
    std::size_t at = 0;
    for (Part& part : parts) {
      Reply own = splits ? Reply{.type = Reply::Type::text, .text = reply.text.substr(at, part.answer_bytes)} : reply;
      at += part.answer_bytes;
      part.asked->answer(part.index, std::move(own));
    }
  }
};

}  // namespace postern::store::redis
