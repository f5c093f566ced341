# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# For the tests of this folder. `check` is the word of harness/lib.sh; here `run_check` is `fdguard check`.
. "$FDG_SRC/tests/harness/lib.sh"
PATH=$FDG_BIN:$PATH

# run_check ARG…: its summary is in the file `summary`, CMD's output in `out`, the exit status in $status. With supervision=--no-supervise static programs run unguarded.
run_check() {
	"$FDG_RUN" check ${supervision-} "$@" >out 2>summary
	status=$?
}

# exits SENTENCE WANT ARG…
exits() {
	sentence=$1 want=$2
	shift 2
	run_check "$@"
	same "$sentence: exit status" "$want" "$status"
	[ "$status" = "$want" ] || sed 's/^/# summary: /' summary
}

says() { check "$1" grep -q -e "$2" summary; }
says_not() { refuse "$1" grep -q -e "$2" summary; }

# log_appends TEXT: a program of the tree that writes into the log what it likes.
cat >append.sh <<'EOF'
log=${FDGUARD_OPTIONS##*log=}
log=${log%%:*}
cat >>"$log"
EOF
