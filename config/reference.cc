#include "config/reference.h"

namespace postern::config {

std::string reference(ReferenceForm) { return {}; }

}  // namespace postern::config
