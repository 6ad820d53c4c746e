#include "policy/store/redis/command.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "policy/store/redis/sha1.h"

namespace postern::store::redis {

namespace {

void append_number(std::string& to, std::uint64_t number) {
  std::array<char, 24> text;
  to.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr);
}

void append_bytes(std::string& to, std::string_view bytes) {
  to += '$';
  append_number(to, bytes.size());
  to.append("\r\n").append(bytes).append("\r\n");
}

}  // namespace

Script::Script(std::string text) : text_(std::move(text)), sha_(sha1_hex(text_)) {}

Command::Command(const Script& script) : script_(&script) {
  keys_.reserve(96);
  arguments_.reserve(320);
}

Command& Command::arg(std::string_view bytes) {
  append_bytes(arguments_, bytes);
  ++count_;
  return *this;
}

Command& Command::arg(std::int64_t number) {
  std::array<char, 24> text;
  const char* const end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  return arg(std::string_view(text.data(), static_cast<std::size_t>(end - text.data())));
}

Command& Command::key(std::string_view bytes) {
  std::string& to = script_ != nullptr ? keys_ : arguments_;
  append_bytes(to, bytes);
  ++(script_ != nullptr ? key_count_ : count_);
  if (key_ == std::string::npos) {
    key_ = to.size() - 2 - bytes.size();  // before CR LF
    key_size_ = bytes.size();
  }
  return *this;
}

int Command::slot() const {
  if (key_ == std::string::npos) return -1;
  return slot_of(std::string_view(script_ != nullptr ? keys_ : arguments_).substr(key_, key_size_));
}

Command& Command::repeatable() {
  repeats_ = true;
  return *this;
}

Command& Command::answers(std::size_t bytes) {
  answer_bytes_ = bytes;
  return *this;
}

Command& Command::expires_in(std::chrono::milliseconds life) {
  life_ = life;
  return *this;
}

Command& Command::no_later_than(std::chrono::milliseconds wait) {
  longest_wait_ = wait;
  return *this;
}

void Command::join(const Command& other) {
  keys_ += other.keys_;
  arguments_ += other.arguments_;
  key_count_ += other.key_count_;
  count_ += other.count_;
  answer_bytes_ += other.answer_bytes_;
}

void Command::append_to(std::string& out, bool again, std::chrono::milliseconds waited) const {
  out += '*';
  if (script_ == nullptr) {
    const bool expires = life_ > std::chrono::milliseconds::zero();
    append_number(out, count_ + (expires ? 2 : 0));
    out.append("\r\n").append(arguments_);
    if (!expires) return;
    append_bytes(out, "PX");
    append_bytes(out, std::to_string(std::max<std::int64_t>((life_ - waited).count(), 1)));
    return;
  }
  append_number(out, 4 + key_count_ + count_);
  out.append("\r\n$7\r\nEVALSHA\r\n$40\r\n").append(script_->sha()).append("\r\n");
  append_bytes(out, std::to_string(key_count_));
  out.append(keys_).append(again ? "$1\r\n1\r\n" : "$1\r\n0\r\n").append(arguments_);
}

std::string Command::bytes() const {
  std::string bytes;
  append_to(bytes);
  return bytes;
}

int slot_of(std::string_view key) {
  if (const std::size_t open = key.find('{'); open != std::string_view::npos) {
    const std::size_t close = key.find('}', open + 1);
    if (close != std::string_view::npos && close > open + 1) key = key.substr(open + 1, close - open - 1);
  }
  unsigned crc = 0;  // CRC16-CCITT (XMODEM)
  for (const char c : key) {
    crc ^= static_cast<unsigned>(static_cast<unsigned char>(c)) << 8;
    for (int bit = 0; bit < 8; ++bit) crc = ((crc & 0x8000U) != 0 ? (crc << 1) ^ 0x1021U : crc << 1) & 0xffffU;
  }
  return static_cast<int>(crc % kSlots);
}

}  // namespace postern::store::redis
