#pragma once

namespace postern::bench {

void register_store_benchmarks();

}  // namespace postern::bench
