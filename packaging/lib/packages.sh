# What Postern needs of Debian 12, by purpose. Sourced; sets arrays only.
# shellcheck shell=bash disable=SC2034

# Compiler and libraries of the program itself.
BUILD_PACKAGES=(
  ccache cmake g++ ninja-build pkgconf
  libcdb-dev libcli11-dev libcpp-httplib-dev libfmt-dev libhiredis-dev libicu-dev libldap-dev liblmdb-dev libmariadb-dev libmaxminddb-dev
  libmilter-dev libpq-dev libpsl-dev libre2-dev libspdlog-dev libsqlite3-dev libssl-dev libsystemd-dev libunbound-dev libyaml-cpp-dev
  nlohmann-json3-dev
)

# The tests, and the servers and clients that they start for themselves.
TEST_PACKAGES=(
  dovecot-core ldnsutils libgmock-dev libgtest-dev libmail-dkim-perl libmail-dmarc-perl libnet-ssleay-perl libopendkim11 libsasl2-modules
  mariadb-client-core mariadb-server-core nsd openssl postgresql-15 python3-authres python3-dkim python3-dnspython python3-nacl
  python3-spf redis-sentinel redis-server sasl2-bin slapd sqlite3 stunnel4 swaks
)

# Programs of tests/bench that are built where the library is found, and what makes their tables.
BENCH_PACKAGES=(libbenchmark-dev tinycdb zlib1g-dev)

# A private Postfix and a private Sendmail, unpacked beside the build, and the dialogues with them: the libraries that they are linked
# with, m4 for sendmail.cf, openssl for certificates, and Python.
MTA_PACKAGES=(
  libdb5.3 libicu72 libldap-2.5-0 liblockfile1 libnsl2 libsasl2-2 libssl3 libwrap0 m4 netbase openssl
  python3
)

# The second compiler, and what it needs for sanitizers and fuzzing.
CLANG_PACKAGES=(clang libclang-rt-14-dev)
