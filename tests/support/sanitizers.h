#pragma once

// Which sanitizer a build has: GCC defines macros of its own for that, clang has features.

#if defined(__SANITIZE_ADDRESS__)
#define POSTERN_SANITIZES_ADDRESS
#endif
#if defined(__SANITIZE_THREAD__)
#define POSTERN_SANITIZES_THREAD
#endif
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POSTERN_SANITIZES_ADDRESS
#endif
#if __has_feature(thread_sanitizer)
#define POSTERN_SANITIZES_THREAD
#endif
#endif
