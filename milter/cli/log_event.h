#pragma once

#include <map>
#include <string>
#include <string_view>

namespace postern::cli {

/// Does an event of Postern's log begin here (docs/log-events.md), in either form?
bool is_event(std::string_view text);

/// The fields of an event, in the form of logfmt or JSON, values as they were before they were escaped for the line (what
/// printable() has made of them stays). Lists are left out of JSON. Where the text is no event: those that could be read
/// before that was clear, or none.
std::map<std::string, std::string> read_event(std::string_view text);

}  // namespace postern::cli
