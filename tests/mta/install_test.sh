#!/bin/bash
# packaging/lib/install.sh with an apt-get that only pretends: services stay off while it works, and the old policy-rc.d comes back
# whatever happens.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/sbin"
export POSTERN_TEST_SBIN=$work/sbin PATH=$work/bin:$PATH
policy=$work/sbin/policy-rc.d
failures=0

check() {
  local words=$1
  shift
  if "$@"; then echo "  ok    $words"; else echo "  FAIL  $words"; failures=$((failures + 1)); fi
}
stub() { printf '#!/bin/bash\n%s\n' "$2" > "$work/bin/$1"; chmod +x "$work/bin/$1"; }
install_now() { bash -c ". '$here/../../packaging/lib/install.sh'; install_packages one two" > "$work/out" 2>&1; }
old_is_back() { [ "$(cat "$policy")" = "old one" ] && [ "$(ls "$work/sbin")" = policy-rc.d ]; }

stub id 'echo 0'
stub dpkg-query 'case ${*: -1} in one) echo installed ;; *) exit 1 ;; esac'
stub apt-get 'case "$*" in
  *install*) echo "$*" > "'"$work"'/asked"; "'"$policy"'"; echo $? > "'"$work"'/policy-said"; '"eval \"\${DURING:-}\""' ;;
esac'

echo "old one" > "$policy"
install_now
check "it succeeds" [ $? = 0 ]
check "only what is missing is installed" grep -q -- 'install --no-install-recommends two$' "$work/asked"
check "services are off meanwhile" [ "$(cat "$work/policy-said")" = 101 ]
check "the old policy is back" old_is_back

DURING='exit 100' install_now
check "a failure of apt-get is told" [ $? != 0 ]
check "the old policy is back after a failure" old_is_back

# shellcheck disable=SC2016
DURING='kill -TERM $PPID; sleep 1' install_now
check "an interruption is no success" [ $? != 0 ]
check "the old policy is back after an interruption" old_is_back

# shellcheck disable=SC2016
DURING='kill -KILL $PPID' install_now
check "killed, it can put nothing back" [ -e "$policy.kept-by-postern" ]
install_now
check "the next run puts the old policy back" old_is_back

rm "$policy"
install_now
check "without an old policy none is left" [ -z "$(ls "$work/sbin")" ]

stub id 'echo 1000'
install_now
check "without root it says so" grep -q 'only root can install' "$work/out"
stub dpkg-query 'echo installed'
rm -f "$work/asked"
install_now
check "with all there, root is not needed and apt-get not asked" [ $? = 0 -a ! -e "$work/asked" ]

[ $failures = 0 ]
