#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/document.h"
#include "policy/base/problem.h"
#include "policy/base/result.h"
#include "policy/mail/reply.h"
#include "policy/rules/known.h"
#include "policy/rules/list.h"
#include "policy/rules/outcome.h"

namespace postern::rules {

enum class FinalAction { accept, quarantine, discard, defer, reject, bounce };
std::string_view name(FinalAction action);
enum class Split { retry, notice, whole };
std::string_view name(Split split);

class Program;  // the compiled expressions and rules; its shape is this layer's own business

/// What the rules read, so that the policy knows which milter steps, evidence and headers it needs.
struct Reads {
  bool enforced = false;  ///< a rule that counts, or a limit, reads it, not only monitored ones
  Stage stage = Stage::connect;
  bool by_rules = false;  ///< a rule reads it, monitored or not
};

/// A limit as it is written (LANGUAGE 7), as far as it speaks the language of rules.
struct LimitSource {
  struct Named {
    std::string fact;
    Place where;
  };
  std::string name;
  Place where;
  std::vector<Named> per;    ///< the facts of its key, `tag` among them; none: one key for all
  std::vector<Named> allow;  ///< facts that say how much is allowed
  const Node* when = nullptr;
  Stage stage = Stage::sender;  ///< the first at which its unit is known
  bool each_recipient = false;  ///< counts at each RCPT
  std::span<const Outcome> outcomes;
  Unavailable unavailable = Unavailable::skip;
};

/// … and compiled. Its check says when it is due (`stage`), and whether for each recipient (`scope`).
struct LimitInfo {
  std::string name;
  std::size_t check = 0;                ///< index into RuleSet::checks()
  std::vector<std::size_t> per = {};    ///< indexes into RuleSet::facts(), or kTagKey
  std::vector<std::size_t> allow = {};  ///< the same of LimitSource::allow
  bool has_condition = false;
};
inline constexpr std::size_t kTagKey = std::size_t(-1);

/// The rules of one policy, compiled and checked. Immutable; shared by all threads.
class RuleSet {
 public:
  explicit RuleSet(std::unique_ptr<const Program> program);
  ~RuleSet();

  /// The facts and checks that some rule, text or limit reads, each once. Known answers by these indexes.
  std::span<const FactName> facts() const;
  std::span<const Reads> fact_reads() const;
  std::span<const CheckDecl> checks() const;
  std::span<const Reads> check_reads() const;

  struct RuleInfo {
    std::string name;
    Place where;
    std::optional<FinalAction> final;
    bool monitored = false;
    bool scoped = false;                     ///< reads a fact that belongs to one recipient
    Stage known_at = Stage::connect;         ///< the stage at which its condition is settled at the latest
    std::vector<std::string> other_actions;  ///< "add_header", "tag" …
    std::optional<Split> split;
  };
  std::span<const RuleInfo> rules() const;
  /// In the order of Source::limits.
  std::span<const LimitInfo> limits() const;

  const Program& program() const { return *program_; }

 private:
  std::unique_ptr<const Program> program_;
};

/// Reads another file of rules for `include:`; the Node outlives the compilation alone.
using Includer = std::function<Result<Node>(const std::string& name, const Place& where)>;

/// What compile() works on. Null nodes mean "section absent".
struct Source {
  const Node* define = nullptr;
  const Node* rules = nullptr;
  std::span<const LimitSource> limits = {};
  std::span<const CheckDecl> checks;         ///< all that this version has, with the settings of this configuration
  std::vector<std::string> also = {};        ///< checks that are asked for whether or not a rule reads them
  std::span<const std::string> later_rules;  ///< names of preset rules that come later ("inbound/greylist")
  const Lists* lists = nullptr;              ///< compiled `lists:` and `site.domains`
  bool all_monitored = false;                ///< `mode: monitor`
  Includer include;
};

/// Compiles `define:` and `rules:`. Every mistake goes to `problems`, all at once; the result is of use only if
/// `problems.usable()` stays true.
std::shared_ptr<const RuleSet> compile(const Source& source, Problems& problems);

/// The lines of `postern check --stages`: per rule when it is known, when it can be spoken and which rule above holds
/// it back.
std::vector<std::string> describe_stages(const RuleSet& rules, Stage answer_at);

}  // namespace postern::rules
