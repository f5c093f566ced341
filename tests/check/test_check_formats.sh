# SPDX-License-Identifier: MIT
# JUnit and SARIF, in the eyes of validators that others wrote, and source lines for objects as compilers and packagers leave them.
. "$FDG_SRC/tests/harness/lib.sh"
here=$FDG_SRC/tests/check
python=/usr/bin/python3 # the packages are Debian's
need git nm strip objcopy xmllint "$python" junitparser
check 'python3-jsonschema is there' "$python" -c 'import jsonschema'

mkdir -p 'repo/src dir'
cat >'repo/src dir/pöol#1.c' <<'END'
int opened;

int dns_pool_open(int n) {
	opened += n;
	return opened;
}

int main(int argc, char **argv)
{
	(void)argv;
	return dns_pool_open(argc) == 77;
}
END
echo 'all:' >repo/Makefile
(cd repo && git init -q . && git add .)

# build FLAG…: the program, and the place of dns_pool_open in it.
build() {
	(cd repo && "$FDG_CC" "$@" -o ../monitor 'src dir/pöol#1.c') || bad "$FDG_CC $*"
	offset=0x$(nm monitor | sed -n 's/^0*\([0-9a-f]*\) . dns_pool_open$/\1/p')
}

# sample [SYMBOL]: the three files of a run whose findings are there.
sample() {
	"$FDG_BIN/formats-sample" repo "$tmp/monitor" "$offset" "$@" || bad 'formats-sample'
}

# where: uri and line of the first result.
where() {
	"$python" -c 'import json, sys
l = json.load(open("sample.sarif"))["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
print(l["artifactLocation"]["uri"], l["region"]["startLine"])'
}

valid() {
	check "$1: SARIF is valid against its schema, and as the forge wants it" "$python" "$here/sarif_rules.py" "$here/sarif-2.1.0.json" sample.sarif
	check "$1: JUnit is well-formed" xmllint --noout --nonet sample.xml
	check "$1: JUnit has what Jenkins reads" "$python" "$here/junit_rules.py" sample.xml
	check "$1: junitparser reads the same" "$python" -c 'import junitparser
x = junitparser.JUnitXml.fromfile("sample.xml")
s = list(x)[0]
assert (x.tests, x.failures, x.errors) == (len(list(s)), 5, 1), (x.tests, x.failures, x.errors)
assert sum(isinstance(r, junitparser.Skipped) for c in s for r in c.result) == 2'
	refuse "$1: junitparser verify sees the failures" junitparser verify sample.xml
}

# The line of a program with debug information, whatever form that has.
forms='-g|-g -gdwarf-4|-g -gdwarf-5|-g -gz|-g -no-pie|-g -flto'
case $("$FDG_CC" --version) in *clang*) forms='-g|-g -gdwarf-4|-g -no-pie' ;; esac
(
	IFS='|'
	for form in $forms; do echo "$form"; done
) >forms
while read -r form; do
	# shellcheck disable=SC2086 # flags
	build $form
	sample dns_pool_open+0x0
	same "$form: the line" 'src%20dir/p%C3%B6ol%231.c 3' "$(where)"
done <forms
valid 'with lines'
same 'the frame as text' "dns_pool_open at src dir/pöol#1.c:3 (monitor+$offset)" "$(cat sample.frame)"
check 'an annotation has file and line' grep -q '^::error file=src dir/pöol#1.c,line=3,title=cloexec.leaked::lynx' sample.github
same 'no line of the annotations is a command of somebody else' '' "$(grep -v -e '^::\(error\|warning\) \(file=[^:]*,line=[0-9]*,\)\{0,1\}title=[^:,]*::' sample.github)"
check 'JUnit names file and line' grep -q '^source: src dir/pöol#1.c:3$' sample.xml

# Compiled elsewhere: a path that was mapped to the top of the tree.
(cd repo && "$FDG_CC" -g "-ffile-prefix-map=$tmp/repo=." -o ../monitor 'src dir/pöol#1.c')
sample
same 'a mapped path' 'src%20dir/p%C3%B6ol%231.c 3' "$(where)"

# A separate debug file, found by its debug link, then by its build-id.
build -g -Wl,--build-id
objcopy --only-keep-debug monitor monitor.debug
strip monitor
objcopy --add-gnu-debuglink=monitor.debug monitor
sample
same 'a separate debug file: the line' 'src%20dir/p%C3%B6ol%231.c 3' "$(where)"
rm monitor.debug
sample
same 'without it: a file that is sure to be there' 'Makefile 1' "$(where)"
id=$(readelf -n monitor | sed -n 's/.*Build ID: \([0-9a-f]*\).*/\1/p')
check 'without it: what is missing, and its build-id' grep -q "^no source lines for $tmp/monitor: it has no debug information; .* (build-id $id)\$" sample.missing
valid 'without lines'

# Another debug file under the same name is not believed.
build -g -O2 -DOTHER -Wl,--build-id
objcopy --only-keep-debug monitor other.debug
printf '\n\n\n\n' | cat - 'repo/src dir/pöol#1.c' >moved.c
build -g -Wl,--build-id
strip monitor
cp other.debug monitor.debug
objcopy --add-gnu-debuglink=monitor.debug monitor
"$FDG_CC" -g -Wl,--build-id -DMORE -o moved moved.c && objcopy --only-keep-debug moved monitor.debug
sample
same "another program's debug file: no line" 'Makefile 1' "$(where)"
rm -f monitor.debug

# The object was built again, with the function elsewhere.
build -g
sample dns_pool_open+0x40
same 'an object that is not the one that ran: no line' 'Makefile 1' "$(where)"
check 'an object that is not the one that ran: said' grep -q 'it is not the file that ran' sample.missing

# What git does not know is not the repository's.
(cd repo && git rm -q --cached 'src dir/pöol#1.c')
sample dns_pool_open+0x0
same 'a source that git does not know' 'Makefile 1' "$(where)"
valid 'with a line that is outside'

# More findings than the forge takes, and longer ones than any of ours: what is written stays within its limits, and the worst come first.
cat >many.py <<'EOF'
import random
random.seed(1)
for n in range(26000):
    level = "error" if 9000 <= n < 9100 else "warning"
    print('{"v":1,"time":"2026-11-22T00:00:00.000Z","pid":1,"tid":1,"exe":"/x","guard":"cloexec","id":"cloexec.leaked","level":"%s","action":"reported",'
          '"message":"%s","created":[{"object":"/lib%d.so","offset":"0x1","symbol":"f%d+0x1"}]}' % (level, "%x" % random.getrandbits(4000), n, n))
EOF
"$python" many.py >many.log
"$FDG_RUN" check --exitcode 0 --sarif many.sarif --log /dev/null -- sh -c 'log=${FDGUARD_OPTIONS##*log=}; cat >>"${log%%:*}"' <many.log
check 'a huge run: within the limits of the forge' "$python" "$here/sarif_rules.py" limits many.sarif
same 'a huge run: the errors are there' '100 5000' "$("$python" -c 'import json
r = json.load(open("many.sarif"))["runs"][0]["results"]
print(sum(x["level"] == "error" for x in r), len(r))')"

sed -i 's/<failure type=/<failure kind=/' sample.xml
refuse 'the rules for JUnit see an attribute that it does not have' "$python" "$here/junit_rules.py" sample.xml
sed -i 's/"level": "error"/"level": "fatal"/' sample.sarif
refuse 'the schema of SARIF sees a level that it does not have' "$python" "$here/sarif_rules.py" "$here/sarif-2.1.0.json" sample.sarif
"$python" -c 'import json
x = json.load(open("many.sarif"))
x["runs"][0]["results"] *= 2
x["runs"][0]["tool"]["driver"]["rules"][0]["properties"]["tags"] = list("fdguard-tag")
json.dump(x, open("many.sarif", "w"))'
same 'the limits are seen' 2 "$("$python" "$here/sarif_rules.py" limits many.sarif | wc -l)"
finish
