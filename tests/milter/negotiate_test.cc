#include "milter/negotiate.h"

#include <gtest/gtest.h>
#include <libmilter/mfapi.h>

namespace postern {
namespace {

// What MTAs of each protocol version know. libmilter offers the no-reply flags to us in any case and fakes them itself.
constexpr unsigned long kFaked = SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_MAIL | SMFIP_NR_RCPT | SMFIP_NR_DATA |
                                 SMFIP_NR_UNKN | SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NR_BODY;
constexpr Offer kVersion2{SMFI_V2_ACTS, SMFI_V2_PROT | kFaked};
constexpr Offer kVersion3{SMFI_V2_ACTS, SMFI_V2_PROT | SMFIP_NOUNKNOWN | kFaked};
constexpr Offer kVersion4{SMFI_V2_ACTS, SMFI_V2_PROT | SMFIP_NOUNKNOWN | SMFIP_NODATA | kFaked};
constexpr Offer kVersion6{SMFI_CURR_ACTS, SMFI_CURR_PROT};

Needs everything() {
  return {.headers = true,
          .body = true,
          .reply_mail = true,
          .reply_rcpt = true,
          .reply_data = true,
          .reply_headers = true,
          .reply_body = true,
          .quarantine = true,
          .add_headers = true,
          .change_headers = true,
          .tls_macros = true,
          .auth_macros = true};
}
Needs nothing() { return {.auth_macros = false}; }

struct Row {
  const char* what;
  Needs needs;
  Offer offer;
  unsigned long actions;
  unsigned long steps;
};

const Row kTable[] = {
    {"a policy that reads nothing: only the end is answered", nothing(), kVersion6, SMFIF_SETSYMLIST,
     SMFIP_NOUNKNOWN | SMFIP_NODATA | SMFIP_NOHDRS | SMFIP_NOEOH | SMFIP_NOBODY | SMFIP_NR_CONN | SMFIP_NR_HELO |
         SMFIP_NR_MAIL | SMFIP_NR_RCPT | SMFIP_NR_DATA | SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NR_BODY |
         SMFIP_HDR_LEADSPC | SMFIP_RCPT_REJ},
    {"the same with version 2: nothing that it does not know", nothing(), kVersion2, 0,
     SMFIP_NOHDRS | SMFIP_NOEOH | SMFIP_NOBODY | SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_MAIL | SMFIP_NR_RCPT |
         SMFIP_NR_DATA | SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NR_BODY},
    {"version 3 knows unknown commands", nothing(), kVersion3, 0,
     SMFIP_NOUNKNOWN | SMFIP_NOHDRS | SMFIP_NOEOH | SMFIP_NOBODY | SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_MAIL |
         SMFIP_NR_RCPT | SMFIP_NR_DATA | SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NR_BODY},
    {"version 4 knows DATA", nothing(), kVersion4, 0,
     SMFIP_NOUNKNOWN | SMFIP_NODATA | SMFIP_NOHDRS | SMFIP_NOEOH | SMFIP_NOBODY | SMFIP_NR_CONN | SMFIP_NR_HELO |
         SMFIP_NR_MAIL | SMFIP_NR_RCPT | SMFIP_NR_DATA | SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NR_BODY},
    {"a policy that reads all", everything(), kVersion6,
     SMFIF_SETSYMLIST | SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE,
     SMFIP_NOUNKNOWN | SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_HDR | SMFIP_HDR_LEADSPC | SMFIP_RCPT_REJ | SMFIP_SKIP},
    {"the same with version 2", everything(), kVersion2, SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE,
     SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_HDR},
};

TEST(Negotiate, AsksForTheLeastThatServes) {
  for (const Row& row : kTable) {
    const Terms terms = negotiate(row.needs, row.offer);
    EXPECT_EQ(terms.actions, row.actions) << row.what;
    EXPECT_EQ(terms.steps, row.steps) << row.what;
    EXPECT_EQ(terms.refusal, "") << row.what;
    EXPECT_TRUE(can_adopt(terms, row.needs)) << row.what;
  }
}

TEST(Negotiate, NeverAsksForWhatIsNotOffered) {
  for (unsigned bits = 0; bits < 1U << 12U; ++bits) {
    const Needs needs{.headers = (bits & 1U) != 0,
                      .body = (bits & 2U) != 0,
                      .reply_mail = (bits & 4U) != 0,
                      .reply_rcpt = (bits & 8U) != 0,
                      .reply_data = (bits & 16U) != 0,
                      .reply_headers = (bits & 32U) != 0,
                      .reply_body = (bits & 64U) != 0,
                      .quarantine = (bits & 128U) != 0,
                      .add_headers = (bits & 256U) != 0,
                      .change_headers = (bits & 512U) != 0,
                      .tls_macros = (bits & 1024U) != 0,
                      .auth_macros = (bits & 2048U) != 0};
    const Offer odd{bits * 2654435761UL & 0x1ffUL, bits * 40503UL * 977UL & 0x1fffffUL};
    for (const Offer& offer : {kVersion2, kVersion3, kVersion4, kVersion6, odd}) {
      const Terms terms = negotiate(needs, offer);
      ASSERT_EQ(terms.actions & ~offer.actions, 0UL) << bits;
      ASSERT_EQ(terms.steps & ~offer.steps, 0UL) << bits;
      ASSERT_FALSE(terms.replies(Step::body) && !needs.reply_body && (offer.steps & SMFIP_NR_BODY) != 0) << bits;
      ASSERT_TRUE(terms.replies(Step::end_of_message));
      if (needs.reply_mail) {
        ASSERT_TRUE(terms.replies(Step::mail)) << bits;
      }
      if (needs.reply_rcpt) {
        ASSERT_TRUE(terms.replies(Step::rcpt)) << bits;
      }
      if (needs.reply_data) {
        ASSERT_EQ(terms.steps & (SMFIP_NODATA | SMFIP_NR_DATA), 0UL) << bits;
      }
      if (needs.headers) {
        ASSERT_EQ(terms.steps & SMFIP_NOHDRS, 0UL) << bits;
      }
      if (needs.body) {
        ASSERT_EQ(terms.steps & SMFIP_NOBODY, 0UL) << bits;
      }
      // No-reply and SKIP together would make libmilter swallow the SKIP.
      ASSERT_FALSE((terms.steps & SMFIP_SKIP) != 0 && !terms.replies(Step::body)) << bits;
    }
  }
}

TEST(Negotiate, RefusesToServeWithoutAnIndispensableAction) {
  Needs needs;
  needs.quarantine = true;
  EXPECT_EQ(negotiate(needs, {SMFI_CURR_ACTS & ~SMFIF_QUARANTINE, SMFI_CURR_PROT}).refusal,
            "the MTA does not offer quarantine");
  EXPECT_EQ(negotiate(needs, {SMFI_CURR_ACTS, SMFI_CURR_PROT}).refusal, "");
  needs.quarantine = false;
  needs.change_headers = true;
  EXPECT_EQ(negotiate(needs, {SMFI_V1_ACTS, SMFI_CURR_PROT}).refusal, "the MTA does not offer removing headers");
}

TEST(Negotiate, LivesWithoutAddingHeaders) {
  Needs needs;
  needs.add_headers = true;
  const Terms terms = negotiate(needs, {0, SMFI_CURR_PROT});
  EXPECT_EQ(terms.refusal, "");
  EXPECT_EQ(terms.missing, std::vector<std::string>{"adding headers"});
  EXPECT_TRUE(can_adopt(terms, needs));
}

TEST(Negotiate, TakesNoRefusedRecipientsWithoutTheMacroThatTellsThem) {
  EXPECT_NE(negotiate(nothing(), kVersion6).steps & SMFIP_RCPT_REJ, 0UL);
  EXPECT_EQ(negotiate(nothing(), {SMFI_CURR_ACTS & ~SMFIF_SETSYMLIST, SMFI_CURR_PROT}).steps & SMFIP_RCPT_REJ, 0UL);
}

TEST(Negotiate, AsksForMacrosOfItsOwn) {
  const Terms all = negotiate(everything(), kVersion6);
  EXPECT_EQ(all.macros[SMFIM_ENVFROM], "i {auth_authen} {auth_type} {tls_version} {cipher} {cert_subject}");
  EXPECT_EQ(negotiate(nothing(), kVersion6).macros[SMFIM_ENVFROM], "i");
  EXPECT_EQ(all.macros[SMFIM_CONNECT], "{daemon_name} {daemon_port} {client_ptr}");
  EXPECT_EQ(negotiate(everything(), kVersion4).macros[SMFIM_CONNECT], "");
}

TEST(CanAdopt, WantsEveryStepReplyActionAndMacro) {
  const Terms little = negotiate(nothing(), kVersion6);
  const Terms all = negotiate(everything(), kVersion6);
  EXPECT_TRUE(can_adopt(all, nothing()));
  EXPECT_TRUE(can_adopt(all, everything()));
  EXPECT_TRUE(can_adopt(little, nothing()));
  bool Needs::*const members[] = {&Needs::headers,     &Needs::body,           &Needs::reply_mail, &Needs::reply_rcpt,
                                  &Needs::reply_data,  &Needs::reply_headers,  &Needs::reply_body, &Needs::quarantine,
                                  &Needs::add_headers, &Needs::change_headers, &Needs::tls_macros, &Needs::auth_macros};
  int which = 0;
  for (bool Needs::*const member : members) {
    Needs needs = nothing();
    needs.*member = true;
    EXPECT_FALSE(can_adopt(little, needs)) << "member " << which++;
  }
}

}  // namespace
}  // namespace postern
