#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// A spot in a file that a person wrote. Lines and columns count from 1; 0 means "the file as a whole".
struct Place {
  std::string file;
  int line = 0;
  int column = 0;

  friend bool operator==(const Place&, const Place&) = default;
};

/// What is wrong with something we were given, where, and what would be right.
struct Problem {
  enum class Kind {
    error,    ///< nothing starts with it
    later,    ///< a name of the language that this version does not have yet; nothing starts with it either
    warning,  ///< told, and lived with
  };
  Kind kind = Kind::error;
  std::string message;
  Place where;
  std::string hint;

  /// `postern.yaml:31:27: message; hint`, one line, printable.
  std::string line() const;
};

/// All problems of one load, so that they are told at once. Not thread-safe.
class Problems {
 public:
  void error(const Place& where, std::string message, std::string hint = {});
  void warning(const Place& where, std::string message, std::string hint = {});
  /// `what` ("check spf", "action notify", "section texts") belongs to the language and comes in a later version.
  void later(const Place& where, std::string_view what);
  void add(Problem problem);

  /// True while nothing but warnings is in it.
  bool usable() const { return unusable_ == 0; }
  /// In order of file (as first met), line and column; equal lines once.
  std::vector<Problem> sorted() const;
  const std::vector<Problem>& all() const { return all_; }

 private:
  std::vector<Problem> all_;
  std::size_t unusable_ = 0;
};

}  // namespace postern
