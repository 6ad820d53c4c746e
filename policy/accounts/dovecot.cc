#include "policy/accounts/dovecot.h"

#include <fmt/format.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "policy/accounts/tables/file_table.h"
#include "policy/base/text.h"

namespace postern::accounts {

namespace {

// Dovecot Authentication Protocol, "Server <-> Master": lines of fields with tabs between them, in which \001 escapes.
constexpr std::size_t kMostLineBytes = 65'536;  // local: Dovecot's own are expected to fit into 16384
constexpr std::size_t kMostAskedBytes = 900;    // Dovecot's auth-master-connection reads lines of 1024
constexpr int kMostGreetings = 100;             // local

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '\0':
        out +=
            "\001"
            "0";
        break;
      case '\001':
        out +=
            "\001"
            "1";
        break;
      case '\t':
        out +=
            "\001"
            "t";
        break;
      case '\r':
        out +=
            "\001"
            "r";
        break;
      case '\n':
        out +=
            "\001"
            "n";
        break;
      default: out += c;
    }
  }
  return out;
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\001' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    switch (const char c = text[++i]) {
      case '0': out += '\0'; break;
      case '1': out += '\001'; break;
      case 't': out += '\t'; break;
      case 'r': out += '\r'; break;
      case 'n': out += '\n'; break;
      default: out += c;
    }
  }
  return out;
}

std::vector<std::string_view> fields_of(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  return split(line, '\t');
}

class Session final : public Backend {
 public:
  Session(std::unique_ptr<Stream> stream, std::string service)
      : stream_(std::move(stream)), service_(std::move(service)) {}

  /// Reads the server's greeting and answers it; what is wrong, or nothing.
  std::string greet(SteadyTime until) {
    bool right_version = false;
    for (int i = 0; i < kMostGreetings; ++i) {
      std::string line;
      if (stream_->read_line(line, kMostLineBytes, until) != Io::ok) return stream_->problem();
      const auto fields = fields_of(line);
      if (fields[0] == "VERSION") right_version = fields.size() > 1 && fields[1] == "1";
      if (fields[0] == "MECH" || fields[0] == "COOKIE")
        return "it is a socket for clients, not one for looking up users: name auth-userdb";
      if (fields[0] != "SPID") continue;
      if (!right_version) return "it speaks another version of the protocol";
      return stream_->write("VERSION\t1\t0\n", until) == Io::ok ? std::string() : stream_->problem();
    }
    return "it greets without end";
  }

  Reply ask(const Question& question, SteadyTime until) override {
    if (!is_legal_key(question.key)) return Reply::absent();
    const std::string user = escaped(question.key);
    if (user.size() > kMostAskedBytes) return Reply::absent();  // local: no account is named by control bytes
    if (stream_->has_more()) return Reply::failed("dovecot: the server ended, or spoke unasked");
    const std::string id = std::to_string(++id_);
    std::string line;
    if (stream_->write(fmt::format("USER\t{}\t{}\tservice={}\n", id, user, service_), until) != Io::ok ||
        stream_->read_line(line, kMostLineBytes, until) != Io::ok)
      return Reply::failed("dovecot: " + stream_->problem());
    return reply(fields_of(line), id);
  }

 private:
  static Reply reply(const std::vector<std::string_view>& fields, std::string_view id) {
    if (fields.size() < 2 || fields[1] != id) return Reply::failed("dovecot: it answers what was not asked");
    if (fields[0] == "NOTFOUND") return Reply::absent();
    if (fields[0] == "USER" && fields.size() > 2) return Reply::found({row(fields)});
    if (fields[0] != "FAIL")
      return Reply::failed(fmt::format("dovecot: \"{}\" is no answer", printable(fields[0], 40)));
    for (const std::string_view field : fields) {
      if (field.starts_with("reason="))
        return Reply::failed(fmt::format("dovecot: {}", printable(unescaped(field.substr(7)))));
    }
    return Reply::failed("dovecot: it cannot tell now");
  }

  static Row row(const std::vector<std::string_view>& fields) {
    Row row{{{"login", unescaped(fields[2])}}};
    for (std::size_t i = 3; i < fields.size(); ++i) {
      const std::string_view field = fields[i];
      const std::size_t equals = field.find('=');
      std::string name = ascii_lower(unescaped(field.substr(0, equals)));
      if (name.empty() || name == "login" || name.find("pass") != std::string::npos) continue;
      row.fields.emplace_back(std::move(name),
                              equals == std::string_view::npos ? "yes" : unescaped(field.substr(equals + 1)));
    }
    return row;
  }

  std::unique_ptr<Stream> stream_;
  const std::string service_;
  std::uint32_t id_ = 0;
};

}  // namespace

Result<std::unique_ptr<Backend>> Dovecot::connect(SteadyTime until) const {
  Connection connection = server_.connect(until, interrupt_);
  if (!connection.stream) return Error{describe() + ": " + connection.problem, {}};
  auto session = std::make_unique<Session>(std::move(connection.stream), service_);
  if (const std::string wrong = session->greet(until); !wrong.empty()) return Error{describe() + ": " + wrong, {}};
  return std::unique_ptr<Backend>(std::move(session));
}

std::string Dovecot::describe() const { return "dovecot on " + server_.text(); }

}  // namespace postern::accounts
