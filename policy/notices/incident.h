#pragma once

#include <string>
#include <utility>
#include <vector>

namespace postern::notices {

/// Something that people are told of once, however often it happens.
struct Incident {
  std::string rule;                                        ///< with the key, what makes it the same incident
  std::string key;                                         ///< whom it is about: a login, a client, a recipient
  std::string id;                                          ///< of the decision
  std::string what;                                        ///< one line: "limit user is over"
  std::vector<std::pair<std::string, std::string>> facts;  ///< a sample of the evidence, in the order to be told
  std::vector<std::string> to;                             ///< addresses of mail
};

}  // namespace postern::notices
