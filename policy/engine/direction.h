#pragma once

#include "policy/evidence/site.h"
#include "policy/mail/direction.h"
#include "policy/mail/facts.h"

namespace postern {

Direction settle_direction(const Site& site, const Client& client, const Sender& sender);

}  // namespace postern
