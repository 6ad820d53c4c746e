#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace postern::store::redis {

/// A script that servers keep by its SHA-1.
class Script {
 public:
  explicit Script(std::string text);
  const std::string& text() const { return text_; }
  const std::string& sha() const { return sha_; }  ///< in hexadecimal

 private:
  std::string text_;
  std::string sha_;
};

/// One command and its arguments, which are bytes of any kind.
class Command {
 public:
  explicit Command(std::string_view name) { arg(name); }
  /// Runs a script, which outlives every use of the command: its KEYS are what is given to key(), its ARGV are "0", and what is
  /// given to arg(). Where it is sent again since the connection was lost before the answer, "1" stands for that "0".
  explicit Command(const Script& script);

  Command& arg(std::string_view bytes);
  Command& arg(std::int64_t number);
  /// The first decides to which server of a Cluster it goes; the same as arg() where it is no script.
  Command& key(std::string_view bytes);
  /// It may be sent again.
  Command& repeatable();
  /// Of a script that answers with one text: that of `keys` is so long. It may be joined.
  Command& answers(std::size_t bytes);
  /// At its end: PX, and what is left of that time when it is sent, at least 1 ms.
  Command& expires_in(std::chrono::milliseconds life);
  /// Where it is told and cannot be sent so soon it is lost.
  Command& no_later_than(std::chrono::milliseconds wait);
  /// Adds the keys and the arguments of another run of this script: its answer follows this one's.
  void join(const Command& other);

  /// As it is sent (RESP), after it has waited.
  void append_to(std::string& out, bool again = false, std::chrono::milliseconds waited = {}) const;
  std::string bytes() const;
  std::size_t size() const { return keys_.size() + arguments_.size(); }  ///< about
  const Script* script() const { return script_; }
  std::size_t keys() const { return key_count_; }  ///< of a script
  std::size_t answer_bytes() const { return answer_bytes_; }
  int slot() const;  ///< of a Cluster; -1: any
  bool repeats() const { return repeats_; }
  bool is_late(std::chrono::milliseconds waited) const { return waited >= longest_wait_; }

 private:
  std::string keys_;  // of a script
  std::string arguments_;
  std::size_t key_count_ = 0;
  std::size_t count_ = 0;
  std::size_t answer_bytes_ = 0;
  bool repeats_ = false;
  std::chrono::milliseconds life_{0};  // 0: without end
  std::chrono::milliseconds longest_wait_ = std::chrono::milliseconds::max();
  const Script* script_ = nullptr;
  std::size_t key_ = std::string::npos;  // the first one, in keys_ or arguments_
  std::size_t key_size_ = 0;
};

/// The slot of a key: CRC16 of its hash tag, or of all of it (Redis Cluster specification, "Keys distribution model").
int slot_of(std::string_view key);
constexpr int kSlots = 16384;

}  // namespace postern::store::redis
