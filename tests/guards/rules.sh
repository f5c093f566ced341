# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# For the tests of the exec-time rules: `. "$FDG_SRC/tests/guards/rules.sh"`. A rule is something that programs do on purpose; it must work as it
# does without us, and nothing may be reported, whether we fix (the default kinds or all) or only report.

. "$FDG_SRC/tests/harness/lib.sh"
export PATH="$FDG_BIN:/usr/bin:/bin:/usr/sbin:/sbin" LC_ALL=C
rule_modes="cloexec=fix cloexec=fix:cloexec.kinds=all cloexec=report"

# As lib.sh's, but a program that waits for a descriptor that it was not given ends in a failed check.
guarded() {
	options=$1
	shift
	timeout 60 env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/log:$options" "$@"
}

# covered: a guarded image really was (a preload that the loader cannot find would make every other check pass).
covered() { found '"id":"run.start"'; }

# unmentioned FILE: neither the loader nor we wrote to the program's standard error.
unmentioned() { ! grep -e 'fdguard' -e 'ld\.so' "$1"; }

# guarded_rule OPTIONS SENTENCE WANT CMD…
guarded_rule() {
	rule_options=$1 rule_sentence="$1: $2" rule_want=$3
	shift 3
	fresh
	got=$(guarded "$rule_options" "$@" 2>err)
	same "$rule_sentence" "$rule_want" "$got"
	check "$rule_sentence: covered" covered
	check "$rule_sentence: nothing to report" quiet
	check "$rule_sentence: no word of ours on standard error" unmentioned err
}

# rule SENTENCE WANT CMD…: CMD prints WANT bare and in each mode.
rule() {
	rule_name=$1 rule_want=$2
	shift 2
	got=$(timeout 60 "$@" 2>err)
	same "bare: $rule_name" "$rule_want" "$got"
	for rule_mode in $rule_modes; do
		guarded_rule "$rule_mode" "$rule_name" "$rule_want" "$@"
	done
}
