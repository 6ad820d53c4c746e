/* LD_PRELOAD for opendkim 2.11.0 in the benchmark: reads no ResolverConfiguration, which it would do for every message with a parser that
 * is not safe with threads, and sets what the benchmark needs of it: forward to $UNBOUND_FORWARD, which is on this machine, without DNSSEC. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>

int ub_ctx_config(void* context, const char* file) {
  int (*set_option)(void*, const char*, const char*) = (int (*)(void*, const char*, const char*))dlsym(RTLD_DEFAULT, "ub_ctx_set_option");
  int (*forward)(void*, const char*) = (int (*)(void*, const char*))dlsym(RTLD_DEFAULT, "ub_ctx_set_fwd");
  (void)file;
  set_option(context, "do-not-query-localhost:", "no");
  set_option(context, "module-config:", "iterator");
  return forward(context, getenv("UNBOUND_FORWARD"));
}
