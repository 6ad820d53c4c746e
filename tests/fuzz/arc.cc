#include "policy/auth/arc/arc.h"

#include <memory>
#include <string>

#include "policy/auth/crypto.h"
#include "tests/auth/message.h"
#include "tests/fuzz/oracle.h"

using namespace postern;
using fuzz::hold;

namespace {

/// Every name has the same key record.
class OneKey final : public dns::Resolver {
 public:
  explicit OneKey(const crypto::PrivateKey& key) {
    auto answer = std::make_shared<dns::Answer>();
    answer->status = dns::Status::ok;
    answer->texts = {"v=DKIM1; k=rsa; p=" + key.public_text()};
    answer_ = std::move(answer);
  }
  void prefetch(const dns::Question&) override { ++announced; }
  dns::AnswerPtr query(const dns::Question&, const Deadline&) override { return ++asked, answer_; }
  dns::AnswerPtr query_uncached(const dns::Question&, const Deadline&) override { return answer_; }
  int asked = 0, announced = 0;

 private:
  dns::AnswerPtr answer_;
};

struct World {
  std::shared_ptr<const crypto::PrivateKey> key = crypto::PrivateKey::generate(crypto::KeyType::rsa, 1024).value();
  OneKey dns{*key};
  dkim::KeyCache keys;
};

arc::Result validate(World& world, const test::Message& message, std::size_t chunk) {
  world.dns.asked = world.dns.announced = 0;
  dkim::BodyHashes bodies;
  const arc::Chain chain(message.header, {}, bodies);
  for (std::string_view rest = message.body; !rest.empty(); rest.remove_prefix(std::min(chunk, rest.size())))
    bodies.update(rest.substr(0, chunk));
  bodies.finish();
  arc::Result result = chain.validate(message.header, bodies, world.keys, world.dns, 0, Deadline(SteadyTime::max()));
  hold(chain.empty() == (result.status == arc::Status::none), "none is no chain");
  hold(world.dns.asked <= 30 && world.dns.announced <= 20, "questions are bounded");
  hold(result.instance >= 0 && result.instance <= 50, "instances are bounded");
  const bool passes = result.status == arc::Status::pass;
  hold(result.hops.size() == (passes ? static_cast<std::size_t>(result.instance) : 0), "a pass has its hops");
  hold(result.oldest_pass <= result.instance, "the oldest pass is one of them");
  return result;
}

// Whatever the chain is, the set that we put on it says so, and a chain that passes goes on passing.
void check_seal(World& world, test::Message message, const arc::Result& before, std::string_view payload) {
  dkim::BodyHashes bodies;
  const std::size_t form = bodies.add({});
  bodies.update(message.body);
  bodies.finish();
  const arc::Sealing sealing{.key = {"a.example", "s", world.key},
                             .authserv_id = "mx.a.example",
                             .authentication_results = std::string(payload),
                             .chain = before.status,
                             .instance = before.instance + 1};
  const auto set = arc::seal(sealing, message.header, bodies.at(form));
  hold(set || before.dead || before.instance >= 50, "everything else is sealed");
  if (!set) return;
  for (const HeaderField& field : *set) {
    for (std::size_t at = field.value.find('\n'); at != std::string::npos; at = field.value.find('\n', at + 1))
      hold(field.value.substr(at + 1).starts_with('\t'), "a line end is a fold");
    hold(!fuzz::has_control(field.value.substr(0, field.value.find('\n'))), "no control byte");
  }
  message.header.insert(message.header.begin(), set->begin(), set->end());
  const arc::Result after = validate(world, message, 4096);
  const bool goes_on = before.status != arc::Status::fail && before.instance < 10;
  if (goes_on) hold(after.status == arc::Status::pass && after.instance == before.instance + 1, "our own set passes");
  if (before.status == arc::Status::fail) hold(after.status == arc::Status::fail, "a broken chain stays broken");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  const std::string_view text = fuzz::text_of(data, size);
  const test::Message message = test::read_message(text);
  const arc::Result result = validate(world, message, 1);
  const arc::Result again = validate(world, message, 65'535);
  hold(result.status == again.status && result.reason == again.reason, "chunks decide nothing");
  for (const HeaderField& field : message.header) hold(arc::key_questions(field).size() <= 1, "one question a field");
  check_seal(world, message, result, text);
  return 0;
}
