#pragma once

#include <string_view>

namespace postern::fuzz {

/// The public keys of the messages in corpus/signed_message.
constexpr std::string_view kSignedMessageKeys =
    "s1._domainkey.a.example. TXT \"v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDqn6RN/IMptXP"
    "eq9UGedJs2pywVAFR5unxHwLY/qAZlsVlRnXtCi2gjZ0zdkUZPaIAWbVlMdWJzs1nlFx/vG2jC0wuPQYMs3833ignEPWV6qpqgax"
    "Hap/x9or5QfxrT2WclfdnRMr+dcie5B\" \"UJoNbri89Q19dKtimvc+/wJ4xI3wIDAQAB\"\n"
    "e1._domainkey.a.example. TXT \"v=DKIM1; k=ed25519; p=7eRcSv2B1lQKcPvsBCAYjqFhnSUTZp2adU5G4b8XyMY=\"\n"
    "s1._domainkey.b.example. TXT \"v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDqn6RN/IMptXP"
    "eq9UGedJs2pywVAFR5unxHwLY/qAZlsVlRnXtCi2gjZ0zdkUZPaIAWbVlMdWJzs1nlFx/vG2jC0wuPQYMs3833ignEPWV6qpqgax"
    "Hap/x9or5QfxrT2WclfdnRMr+dcie5B\" \"UJoNbri89Q19dKtimvc+/wJ4xI3wIDAQAB\"\n"
    "s1._domainkey.strict.example. TXT \"v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDqn6RN/I"
    "MptXPeq9UGedJs2pywVAFR5unxHwLY/qAZlsVlRnXtCi2gjZ0zdkUZPaIAWbVlMdWJzs1nlFx/vG2jC0wuPQYMs3833ignEPWV6q"
    "pqgaxHap/x9or5QfxrT2WclfdnRMr+dcie5B\" \"UJoNbri89Q19dKtimvc+/wJ4xI3wIDAQAB\"\n"
    "s1._domainkey.m.strict.example. TXT \"v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDqn6RN"
    "/IMptXPeq9UGedJs2pywVAFR5unxHwLY/qAZlsVlRnXtCi2gjZ0zdkUZPaIAWbVlMdWJzs1nlFx/vG2jC0wuPQYMs3833ignEPWV"
    "6qpqgaxHap/x9or5QfxrT2WclfdnRMr+dcie5B\" \"UJoNbri89Q19dKtimvc+/wJ4xI3wIDAQAB\"\n";

}  // namespace postern::fuzz
