# What every target of the house shares: warnings, hardening, sanitizers, and how a layer and a test are declared.

find_program(POSTERN_CCACHE ccache)
if(POSTERN_CCACHE)
  # What is precompiled changes with the compiler alone: nothing that ccache could mistake.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${POSTERN_CCACHE})
endif()

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

add_library(postern_options INTERFACE)
target_include_directories(postern_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(postern_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wconversion -Wno-sign-conversion -Werror
  -fstack-protector-strong -fPIE -pthread)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 warns of string operations inside its own library that cannot happen (GCC bug 105651), and at -O2 or with
  # sanitizers of members that no path reads (GCC bug 105562).
  target_compile_options(postern_options INTERFACE -Wno-restrict $<$<CONFIG:Release>:-Wno-maybe-uninitialized> -fno-semantic-interposition)
  if(POSTERN_SANITIZE)
    target_compile_options(postern_options INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()
if(POSTERN_SANITIZE)
  target_compile_options(postern_options INTERFACE -fsanitize=${POSTERN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(postern_options INTERFACE -fsanitize=${POSTERN_SANITIZE})
else()
  target_compile_definitions(postern_options INTERFACE $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
endif()
target_link_options(postern_options INTERFACE -pie -Wl,-z,relro,-z,now)
target_link_libraries(postern_options INTERFACE Threads::Threads)

# What each test of a sanitizer build is told: libmilter's own races, by name.
set(POSTERN_TEST_ENVIRONMENT "")
if(POSTERN_SANITIZE STREQUAL "thread")
  set(POSTERN_TEST_ENVIRONMENT
    "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/sanitize/thread.supp second_deadlock_stack=1")
endif()

# To read the headers of the standard library takes longer than to compile most files: once, for all. What is shipped is
# built without, so that no file can lack an include.
option(POSTERN_PRECOMPILED "Precompile the headers that most files read" OFF)
set(POSTERN_COMMON_HEADERS
  <algorithm> <array> <atomic> <chrono> <condition_variable> <cstdint> <deque> <functional> <map> <memory> <mutex> <optional> <set>
  <span> <string> <string_view> <thread> <unordered_map> <utility> <variant> <vector> <fmt/format.h>)
if(POSTERN_PRECOMPILED)
  find_package(fmt REQUIRED)
  add_library(postern_precompiled STATIC ${CMAKE_CURRENT_LIST_DIR}/precompiled.cc)
  target_link_libraries(postern_precompiled PRIVATE postern_options fmt::fmt)
  target_precompile_headers(postern_precompiled PRIVATE ${POSTERN_COMMON_HEADERS})
endif()

# postern_quick(NAME [HEADERS <b.h>]): it is compiled with them, and with those headers, too.
function(postern_quick target)
  if(NOT POSTERN_PRECOMPILED)
    return()
  endif()
  cmake_parse_arguments(Q "" "" "HEADERS" ${ARGN})
  target_link_libraries(${target} PRIVATE fmt::fmt)  # its headers want its definitions
  if(Q_HEADERS)
    target_precompile_headers(${target} PRIVATE ${POSTERN_COMMON_HEADERS} ${Q_HEADERS})
  else()
    target_precompile_headers(${target} REUSE_FROM postern_precompiled)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")  # GCC 12 takes what is precompiled for our own and warns of its library
    target_compile_options(${target} PRIVATE -Wno-array-bounds -Wno-stringop-overread -Wno-stringop-overflow)
  endif()
endfunction()

# postern_layer(NAME SOURCES a.cc b.cc DEPENDS base LIBRARIES PkgConfig::X [HEADERS <x.h>]): one static library a layer;
# HEADERS are heavy ones that many of its files read.
function(postern_layer name)
  cmake_parse_arguments(L "" "" "SOURCES;DEPENDS;LIBRARIES;HEADERS" ${ARGN})
  set(visibility PUBLIC)
  if(L_SOURCES)
    add_library(postern_${name} STATIC ${L_SOURCES})
  else()
    add_library(postern_${name} INTERFACE)
    set(visibility INTERFACE)
  endif()
  target_link_libraries(postern_${name} ${visibility} postern_options)
  foreach(layer ${L_DEPENDS})
    target_link_libraries(postern_${name} ${visibility} postern_${layer})
  endforeach()
  target_link_libraries(postern_${name} ${visibility} ${L_LIBRARIES})
  if(L_SOURCES)
    postern_quick(postern_${name} HEADERS ${L_HEADERS})
  endif()
endfunction()

# postern_test(NAME SOURCE... LAYER layer [LABELS unit]): one GoogleTest program, registered as one ctest.
function(postern_test name)
  cmake_parse_arguments(T "" "TIMEOUT" "SOURCES;LAYERS;LIBRARIES;LABELS" ${ARGN})
  add_executable(${name}_test ${T_SOURCES})
  foreach(layer ${T_LAYERS})
    target_link_libraries(${name}_test PRIVATE postern_${layer})
  endforeach()
  target_link_libraries(${name}_test PRIVATE ${T_LIBRARIES} postern_options fmt::fmt GTest::gtest GTest::gmock GTest::gtest_main)
  target_precompile_headers(${name}_test REUSE_FROM postern_test_pch)
  if(NOT T_LABELS)
    set(T_LABELS unit)
  endif()
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 120)
  endif()
  add_test(NAME ${name} COMMAND ${name}_test)
  set_tests_properties(${name} PROPERTIES LABELS "${T_LABELS}" TIMEOUT ${T_TIMEOUT}
    ENVIRONMENT "${POSTERN_TEST_ENVIRONMENT}")
endfunction()
