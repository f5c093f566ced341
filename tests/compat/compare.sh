# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# For tests of real programs: `. "$FDG_SRC/tests/compat/compare.sh"`. A program does the same with us as without: the bytes that it writes, its exit
# status, the files that it leaves; and nothing is reported.

. "$FDG_SRC/tests/harness/lib.sh"
export programs="$FDG_SRC/tests/compat/programs"
export PATH="$FDG_BIN:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin" LC_ALL=C TZ=UTC TMPDIR="$tmp"
export HOME="$tmp/work"
unset MAKEFLAGS MFLAGS MAKELEVEL BASH_ENV ENV PYTHONSTARTUP PERL5OPT NODE_OPTIONS JAVA_TOOL_OPTIONS GIT_DIR GIT_CONFIG_GLOBAL
mkdir seed

# What a program has at its start is in seed/. Files whose contents differ between two bare runs (keys, an index with inode numbers) match
# the extended expression `volatile`, and only their names are compared. `filter` takes what differs from run to run out of both outputs.
volatile='^$'
filter() { cat; }
# Options of the two guarded runs, beside where the log goes; the contract's defaults.
compare_options=

left_behind() {
	(cd work && find . -printf '%p %y %m %l\n' | sort)
	(cd work && find . -type f | grep -Ev "$volatile" | sort | xargs -r -d '\n' cksum)
}

# once LABEL CMD…: CMD in work/, a copy of seed/.
once() {
	label=$1
	shift
	rm -rf work
	cp -a seed work
	(cd work && exec timeout 300 "$@") </dev/null >raw.out 2>raw.err
	echo $? >"$label.status"
	filter <raw.out >"$label.out"
	filter <raw.err >"$label.err"
	left_behind >"$label.files"
}

# agree SENTENCE LABEL: LABEL's run did what the first bare run did.
agree() {
	for what in status out err files; do
		cmp -s "bare.$what" "$2.$what" && continue
		bad "$1"
		diff "bare.$what" "$2.$what" | cut -c1-300 | sed "s/^/# $what: /" | head -n 20
		return
	done
	ok "$1"
}

# compare SENTENCE STATUS CMD…: CMD's exit status is STATUS, bare and guarded, and all else is alike.
compare() {
	compare_name=$1 compare_status=$2
	shift 2
	once bare "$@"
	same "$compare_name: bare exit status" "$compare_status" "$(cat bare.status)"
	check "$compare_name: it prints something" test -s bare.out
	once again "$@"
	agree "$compare_name: two bare runs are alike" again
	once text env LD_PRELOAD="$FDG_LIB" ${compare_options:+FDGUARD_OPTIONS="$compare_options"} "$@"
	agree "$compare_name: guarded" text
	fresh
	once json env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/log:$compare_options" "$@"
	agree "$compare_name: guarded, JSON log" json
	check "$compare_name: it was covered" found '"id":"run\.start"'
	check "$compare_name: nothing to report" quiet
}
