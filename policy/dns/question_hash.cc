#include "policy/dns/question_hash.h"

namespace postern::dns {

QuestionHash::QuestionHash() : key_(SipKey::random()) {}

std::size_t QuestionHash::operator()(const Question& question) const {
  return sip_hash(key_, question.name.text(), static_cast<std::uint16_t>(question.type));
}

}  // namespace postern::dns
