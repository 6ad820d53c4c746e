#include "milter/cli/message_file.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "policy/base/text.h"

namespace postern::cli {

namespace {

constexpr std::size_t kMaxBytes = 100'000'000;  // local: more than any MTA takes

// Takes one line without its end from the front of `text`.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

bool is_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || line.front() == ' ' || line.front() == '\t') return false;
  const std::string_view name = trim(line.substr(0, colon));  // RFC 5322 4.5.8
  return colon > 0 && !name.empty() && name.find_first_of(" \t") == std::string_view::npos;
}

}  // namespace

std::optional<std::string> MessageFile::first(std::string_view name) const {
  for (const HeaderField& field : headers) {
    if (ascii_iequals(field.name, name)) return field.unfolded();
  }
  return std::nullopt;
}

MessageFile parse_message(std::string_view text) {
  MessageFile message;
  if (text.starts_with("From ")) take_line(text);
  while (!text.empty()) {
    std::string_view rest = text;
    const std::string_view line = take_line(rest);
    if (line.empty()) {
      text = rest;
      break;
    }
    const bool folds = line.front() == ' ' || line.front() == '\t';
    if (folds && !message.headers.empty()) {
      message.headers.back().value += "\n" + std::string(line);
    } else if (is_field(line)) {
      const std::size_t colon = line.find(':');
      message.headers.push_back({std::string(line.substr(0, colon)), std::string(line.substr(colon + 1))});
    } else {
      break;
    }
    text = rest;
  }
  message.body.reserve(text.size() + text.size() / 40);
  while (!text.empty()) {
    message.body += take_line(text);
    message.body += "\r\n";
  }
  return message;
}

Result<MessageFile> read_message(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> opened(
      path == "-" ? nullptr : std::fopen(path.c_str(), "rb"),
      [](std::FILE* f) { return f == nullptr ? 0 : std::fclose(f); });
  std::FILE* const file = path == "-" ? stdin : opened.get();
  if (file == nullptr) return Error{fmt::format("{}: {}", path, std::strerror(errno)), {}};
  std::string text;
  std::array<char, 65'536> bytes{};
  std::size_t count = 0;
  while ((count = std::fread(bytes.data(), 1, bytes.size(), file)) > 0) {
    text.append(bytes.data(), count);
    if (text.size() > kMaxBytes) return Error{fmt::format("{}: more than {} bytes", path, kMaxBytes), {}};
  }
  if (std::ferror(file) != 0) return Error{fmt::format("{}: cannot be read", path), {}};
  return parse_message(text);
}

}  // namespace postern::cli
