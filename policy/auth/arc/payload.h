#pragma once

#include <string>
#include <string_view>

namespace postern::arc {

/// The results of an ARC-Authentication-Results, whoever wrote them, as they may stand in a field behind "\n\t": folded
/// before 78 columns at blanks outside of quotes, without control bytes and line ends of their own.
std::string folded_payload(std::string_view results);

}  // namespace postern::arc
