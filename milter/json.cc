#include "milter/json.h"

namespace postern {

namespace {

std::string_view name(Problem::Kind kind) {
  switch (kind) {
    case Problem::Kind::error: return "error";
    case Problem::Kind::later: return "later";
    case Problem::Kind::warning: return "warning";
  }
  return "";
}

}  // namespace

Json problems_json(const std::vector<Problem>& problems) {
  Json list = Json::array();
  for (const Problem& problem : problems) {
    list.push_back({{"kind", name(problem.kind)},
                    {"file", problem.where.file},
                    {"line", problem.where.line},
                    {"column", problem.where.column},
                    {"message", problem.message},
                    {"hint", problem.hint}});
  }
  return list;
}

}  // namespace postern
