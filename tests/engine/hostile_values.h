#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// What clients have tried to make of a header (espoofer A4 to A7, CVE-2020-12272, CVE-2020-28015), and what else bytes
/// do: as it is, and as parts of an address.
inline std::vector<std::string> hostile_values() {
  using namespace std::string_view_literals;
  static constexpr std::string_view kSeeds[] = {
      "a\r\nX-Evil: 1"sv,
      "a\nX-Evil: 1"sv,
      "a\rX-Evil: 1"sv,
      "a\n\nbody"sv,
      "a\r\n\r\nbody"sv,
      "a\r\n.\r\nMAIL FROM:<x@y.example>"sv,
      "a\r\n\r\n\r\n"sv,
      "\n"sv,
      "\r\n"sv,
      "\n\t\n\t"sv,
      "a\n \nX-Evil: 1"sv,
      "a\0b"sv,
      "\0\0"sv,
      "a\x1b[2Jb"sv,
      "a\x7f\x08"sv,
      "a\x0b\x0c"sv,
      "a\x85\x9b"sv,
      "a\xc2\x85"
      "b"sv,
      "\xff\xfe\xc0\xaf"sv,
      "\xe2\x80\xaemoc.elpmaxe"sv,
      "x; spf=pass"sv,
      "x\"; spf=pass smtp.mailfrom=\"y"sv,
      "x\\\"; dkim=pass"sv,
      "x\\"sv,
      "x\" (c) ; dmarc=pass"sv,
      "example.net(.example.com"sv,
      "example.net(; spf=pass"sv,
      "x) ; spf=pass"sv,
      "x;\n\tspf=pass"sv,
      "x;\r\n spf=pass smtp.mailfrom=y"sv,
      "@a,@b:c"sv,
      "legit.example'\"(any.example"sv,
      "=?utf-8?q?X=0D=0AY:_1?="sv,
      "=?utf-8?b?DQpYOiAx?= =?x?q?y?="sv,
      "%0a%0dX: 1 %s%n"sv,
      "{sender} {{"sv,
      "   "sv,
      "\t\t"sv,
      "a  b\tc "sv,
      "::::"sv,
      "gr\xc3\xbc\xc3\x9f"sv,
      "\xe6\x97\xa5\xe6\x9c\xac"sv,
  };
  std::vector<std::string> values;
  for (const std::string_view seed : kSeeds) {
    const std::string text(seed);
    for (const std::string& value : {text, text + "@b.example", "\"" + text + "\"@b.example", "a@" + text + ".example",
                                     "<" + text + std::string(200, 'x') + ">"})
      values.push_back(value);
  }
  return values;
}

}  // namespace postern
