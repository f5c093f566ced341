# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# How scripts/demo talks to its reader. After tests/harness/lib.sh.

surprises=surprises
bold='' good='' wrong='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR-}" ] && [ "${TERM:-dumb}" != dumb ]; then
	escape=$(printf '\033')
	bold="${escape}[1m" good="${escape}[32m" wrong="${escape}[31m" plain="${escape}[0m"
fi

heading() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
command_shown() { printf '   $ %s\n' "$*"; }

# expect SENTENCE CMD…: CMD must succeed, else the sentence is told at the end.
expect() {
	sentence=$1
	shift
	"$@" >/dev/null || echo "$sentence" >>"$surprises"
}

# quoted FILE: real output, set off; what is wider than the page goes on in the next line.
quoted() {
	awk '{
		match($0, /^ */)
		indent = substr($0, 1, RLENGTH) "    "
		for (line = $0; length(line) > 95 && match(substr(line, 1, 96), /.*[^ ] /); line = indent substr(line, RLENGTH + 1))
			print "   | " substr(line, 1, RLENGTH - 1)
		print "   | " line
	}' "$1"
}

# The last line of a demonstration: what was not as its text says.
shown_as_expected() {
	if [ -e "$surprises" ]; then
		printf '\n%sNot as expected:%s\n' "$wrong" "$plain"
		sed 's/^/   /' "$surprises"
		exit 1
	fi
	printf '\n%sEverything was as expected.%s\n' "$good" "$plain"
}
