#include <cstdio>
#include <exception>

#include "config/reference.h"
#include "milter/cli/arc_sign.h"
#include "milter/cli/check.h"
#include "milter/cli/command_line.h"
#include "milter/cli/control.h"
#include "milter/cli/dkim_keygen.h"
#include "milter/cli/dmarc.h"
#include "milter/cli/grants.h"
#include "milter/cli/limits.h"
#include "milter/cli/limits_suggest.h"
#include "milter/cli/org_domain.h"
#include "milter/cli/spf.h"
#include "milter/cli/test.h"
#include "milter/daemon.h"
#include "milter/version.h"

namespace {

using namespace postern;

struct Execute {
  int operator()(const cli::RunCommand& c) const { return run_daemon(c.options); }
  int operator()(const cli::CheckCommand& c) const { return cli::check(c.options); }
  int operator()(const cli::TestCommand& c) const { return cli::test(c.options); }
  int operator()(const cli::DkimKeygenCommand& c) const { return cli::make_dkim_key(c.options); }
  int operator()(const cli::GrantsCommand& c) const { return cli::propose_grants(c.options); }
  int operator()(const cli::LimitsCommand& c) const { return cli::ask_limits(c.options); }
  int operator()(const cli::LimitsSuggestCommand& c) const { return cli::suggest_limits(c.options); }
  int operator()(const cli::SpfCommand& c) const { return cli::ask_spf(c.options); }
  int operator()(const cli::DmarcCommand& c) const { return cli::ask_dmarc(c.options); }
  int operator()(const cli::OrgDomainCommand& c) const { return cli::show_organization(c.options); }
  int operator()(const cli::ArcSignCommand& c) const { return cli::arc_sign(c.options); }
  int operator()(const cli::ReloadCommand& c) const { return cli::reload(c.options); }
  int operator()(const cli::StatusCommand& c) const { return cli::status(c.options); }
  int operator()(const cli::ReferenceCommand& c) const {
    using config::ReferenceForm;
    const ReferenceForm form = c.options.json       ? ReferenceForm::json
                               : c.options.markdown ? ReferenceForm::markdown
                                                    : ReferenceForm::text;
    std::printf("%s", config::reference(form).c_str());
    return cli::kOk;
  }
  int operator()(const cli::VersionCommand& c) const {
    std::printf(c.options.json ? "{\"version\":\"%s\"}\n" : "postern %s\n", std::string(kVersion).c_str());
    return cli::kOk;
  }
  int operator()(const cli::Ended& c) const { return c.status; }
};

}  // namespace

int main(int argc, char** argv) {
  try {
    return std::visit(Execute{}, cli::parse_command_line(argc, argv));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "postern: %s\n", e.what());
    return cli::kFailed;
  }
}
