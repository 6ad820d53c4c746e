#include "policy/rules/outcome.h"

namespace postern {

std::string_view name(Stage stage) {
  switch (stage) {
    case Stage::connect: return "connect";
    case Stage::helo: return "helo";
    case Stage::sender: return "sender";
    case Stage::recipient: return "recipient";
    case Stage::headers: return "headers";
    case Stage::body: return "body";
    case Stage::end: return "end";
  }
  return "";
}

}  // namespace postern
