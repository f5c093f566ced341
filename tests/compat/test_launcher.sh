# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The launcher: what CMD gets from it and what it refuses.
#   test_launcher.sh dash|busybox|bash checkout|installed
# The launcher runs under that shell, from a checkout (with the build tree named by FDGUARD_BUILD_DIR) or from an installation.

# shellcheck source=tests/harness/lib.sh
. "$FDG_SRC/tests/harness/lib.sh"
case $1 in
dash) shell=$(command -v dash) ;;
busybox) shell="$(command -v busybox) sh" ;;
bash) shell="$(command -v bash) --posix" ;;
esac
build=$FDGUARD_BUILD_DIR
here=$FDG_SRC/tests/compat
need python3 readlink setpriv "$1"
python=$(python3 -c 'import sys; print(sys.executable)')
chmod 755 "$tmp" # some programs run as another user

# under_shell FROM TO: a launcher that begins with the shell that is tested.
under_shell() {
	sed "1s|.*|#!$shell|" "$1" >launcher.new && chmod 755 launcher.new && mv launcher.new "$2"
}

# checkout DIR: as much of a checkout as the launcher looks at.
checkout() {
	mkdir -p "$1/scripts" "$1/shim"
	cp "$FDG_SRC/shim/calls.def" "$1/shim"
	under_shell "$FDG_SRC/scripts/fdguard" "$1/scripts/fdguard"
}

case $2 in
checkout)
	checkout "$tmp/it's here"
	run="$tmp/it's here/scripts/fdguard"
	;;
installed)
	cmake --install "$build" --prefix "$tmp/it's_there" >install.log 2>&1 || cat install.log
	run="$tmp/it's_there/bin/fdguard"
	check 'cmake --install puts the launcher into bin' test -x "$run"
	under_shell "$run" "$run"
	FDGUARD_BUILD_DIR=/nonexistent
	;;
esac
lib=$("$run" run printenv LD_PRELOAD)
check "the preload that is set is a file: $lib" test -f "$lib"

# status WANT SENTENCE CMD…: CMD's exit status; stdout and stderr are left in out and err.
status() {
	want=$1 sentence=$2
	shift 2
	"$@" >out 2>err
	same "$sentence" "$want" $?
}

# told SENTENCE PATTERN: stderr of the last status has it, and every line of stderr is ours.
told() {
	check "$1" grep -q -e "$2" err
}

# --- usage

status 2 'no subcommand: usage error' "$run"
told 'and usage on stderr' '^usage: fdguard run'
same 'and nothing on stdout' '' "$(cat out)"
status 2 'unknown subcommand: usage error' "$run" frobnicate
told 'that names it' "no subcommand 'frobnicate'"
status 2 'scan wants a number' "$run" scan x
told 'which is said' "^fdguard: 'x' is no PID"
status 0 'help' "$run" help
check 'help tells of run' grep -q 'fdguard run \[options\] \[--\] CMD' out
status 0 'help run' "$run" help run
check 'help run lists the options of the table' grep -q '^cloexec\.inherited  *report\*, close, keep' out
status 2 'help for what there is not' "$run" help frobnicate
status 0 '--version' "$run" --version
same 'is the version that CMake has' "fdguard $(sed -n 's/^project(fdguard VERSION \([0-9.]*\).*/\1/p' "$FDG_SRC/CMakeLists.txt")" "$(cat out)"
status 2 'run without a program' "$run" run
told 'says so' 'run wants a program'
status 2 'run -- without a program' "$run" run --
status 2 'unknown option' "$run" run --frobnicate true
told 'names it' "unknown option '--frobnicate'"
status 2 '--set without a value' "$run" run --set
told 'wants one' '^fdguard: --set wants a value'
status 0 '--supervise is accepted' "$run" run --supervise true
status 0 '--no-supervise is accepted' "$run" run --no-supervise true

# --- options

options() { "$run" run "$@" printenv FDGUARD_OPTIONS; }

same 'no options of ours: FDGUARD_OPTIONS is not set' '' "$(options)"
same '--set' 'cloexec=report' "$(options --set cloexec=report)"
same '--set=' 'cloexec=report' "$(options --set=cloexec=report --)"
same 'options join in order' 'cloexec=report:format=json:cloexec.inherited=close' "$(options --set cloexec=report --json --close-inherited)"
same '--log is made absolute' "log=$tmp/f.log" "$(options --log f.log)"
same '--log=, quoted where it must be' "log='$tmp/a b:c.log'" "$(options '--log=a b:c.log')"
same '--log stderr is no file' 'log=stderr' "$(options --log stderr)"
same 'a text with options is kept, and ours come after it' 'cloexec=off stacks=3:cloexec=fix' \
	"$(FDGUARD_OPTIONS='cloexec=off stacks=3' options --set cloexec=fix)"
same '--set after --fix comes after it' 'cloexec=fix:cloexec=report' "$(options --fix --set cloexec=report | sed 's/cloexec=fix:.*cloexec/cloexec=fix:cloexec/')"
case $(options --fix) in
*cloexec.inherited* | *select.fortify*) bad '--fix leaves cloexec.inherited and select.fortify alone' ;;
*cloexec=fix*) ok '--fix leaves cloexec.inherited and select.fortify alone' ;;
*) bad '--fix sets cloexec=fix' ;;
esac
case $(options --observe) in
*fix*) bad '--observe only reports' ;;
*cloexec=report*) ok '--observe only reports' ;;
*) bad '--observe sets cloexec=report' ;;
esac
status 0 'no word about guards that --fix cannot turn on yet' "$run" run --fix --set log=none true
same 'on stderr' '' "$(cat err)"
status 2 'unknown key' "$run" run --set cloexce=fix true
told 'is refused with a sentence' "^fdguard: .*cloexce"
status 2 'bad value' "$run" run --set cloexec=perhaps true
told 'is refused with a sentence' "^fdguard: .*perhaps"
status 2 'no value' "$run" run --set cloexec true
status 2 'a bad FDGUARD_OPTIONS' env FDGUARD_OPTIONS=cloexec=perhaps "$run" run true
told 'is refused with a sentence' "^fdguard: .*perhaps"
same 'options end at the first word that is none' '--json' "$("$run" run echo --json)"
same 'options end at --' '-- --json' "$("$run" run --json --set log=none -- echo -- --json)"

# --- exit status

status 7 "CMD's exit status" "$run" run sh -c 'exit 7'
status 143 'killed by a signal' "$run" run sh -c 'kill -TERM $$'
status 127 'a program that is not there' "$run" run no-such-program
told 'is not found' '^fdguard: no-such-program: not found'
status 127 'a path that is not there' "$run" run ./no/such
told 'does not exist' '^fdguard: ./no/such: No such file'
status 126 'a directory' "$run" run /
told 'is one' '^fdguard: /: Is a directory'
: >plain
status 126 'a file without x' "$run" run ./plain
told 'may not be executed' '^fdguard: ./plain: Permission denied'
status 126 'such a file in PATH' env "PATH=$tmp:$PATH" "$run" run plain
printf '#!/no/such/interpreter\n' >orphan && chmod +x orphan
status 127 'a script without its interpreter' "$run" run ./orphan
told 'says which' '/no/such/interpreter'
printf 'echo no magic here\n' >plain && chmod +x plain
same 'a script without #! runs' 'no magic here' "$("$run" run ./plain)"
same 'CMD has the pid that the launcher was started with' same "$(sh -c 'p=$$; exec "$@" $p' sh "$run" run sh -c 'test $$ = $1 && echo same' sh)"

# --- CMD finds everything as it was

# unchanged SENTENCE [CMD…]: CMD starts what follows it, here facts.py, bare and through the launcher, with odd arguments.
unchanged() {
	sentence=$1
	shift
	rm -f facts.bare facts.guarded
	set -- "$@" --here-- "$python" "$here/facts.py" "$tmp/facts" ' a  b ' "it's \"x\" \\ \$HOME \`id\`" "$nl$nl" '*' '' -n -- --json "$(printf '\377')" ''
	facts bare "$@"
	facts guarded "$@"
	check "$sentence" cmp facts.bare facts.guarded
	cmp -s facts.bare facts.guarded || diff facts.bare facts.guarded | cut -c1-300
}

# facts bare|guarded [CMD…] --here-- PROGRAM…: leaves facts.bare or facts.guarded.
facts() {
	how=$1 rest=$#
	shift
	while [ "$rest" -gt 1 ]; do
		if [ "$1" != --here-- ]; then
			set -- "$@" "$1"
		elif [ "$how" = guarded ]; then
			set -- "$@" "$run" run --set log=none --
		fi
		shift
		rest=$((rest - 1))
	done
	"$@"
	mv facts "facts.$how"
}

nl='
'
unchanged 'the usual, and arguments: spaces, quotes, newlines, globs, empty ones, some like options'
unchanged 'environment: names no shell can spell, newlines, names that the launcher uses' env 'a.b=1' 'BASH_FUNC_f%%=() { :; }' "NL=a${nl}b$nl" "Q=it's" EMPTY= fdg_lib=mine fdg_kind=2 IFS=x PS4=y OPTIND=7 OLDPWD=/x
unchanged 'environment: none but PATH' env -i "PATH=$PATH" "FDGUARD_BUILD_DIR=$FDGUARD_BUILD_DIR"
unchanged 'environment: without PATH' env -i "FDGUARD_BUILD_DIR=$FDGUARD_BUILD_DIR"
unchanged 'umask' sh -c 'umask 027; exec "$@"' sh
mkdir "odd  dir$nl"
unchanged 'working directory with odd characters' sh -c 'cd "odd  dir
"; exec "$@"' sh
unchanged 'working directory through a symbolic link' sh -c 'ln -sfn / link; cd link; exec "$@"' sh
unchanged 'working directory that is gone' sh -c 'mkdir -p gone; cd gone; rmdir ../gone; exec "$@"' sh
unchanged 'ignored and blocked signals' python3 -c 'import os, signal, sys
for s in (signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1): signal.signal(s, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGRTMAX])
os.execvp(sys.argv[1], sys.argv[1:])'
unchanged 'limits' sh -c 'ulimit -n 64; ulimit -c 0; exec "$@"' sh
: >some
for closed in '<&-' '>&-' '2>&-' '<&- >&-' '>&- 2>&-' '<&- >&- 2>&-'; do
	unchanged "closed: $closed" sh -c "exec \"\$@\" $closed" sh
done
unchanged 'descriptors: a file on 3, another on 10, and one on 255' bash -c 'exec "$@" 3<some 10>>some 255<some' bash
unchanged '1,100 leaked sockets' python3 -c 'import os, resource, socket, sys
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
null = os.open("/dev/null", os.O_RDONLY)
for fd in range(3, 1103): os.dup2(null, fd, inheritable=True); os.set_inheritable(fd, True)
os.execvp(sys.argv[1], sys.argv[1:])'

# --- LD_PRELOAD

preload() { LD_PRELOAD=$1 "$run" run printenv LD_PRELOAD 2>/dev/null; }
asan=$(${FDG_CC:-cc} -print-file-name=libasan.so.8)
asan=$(readlink -f "$asan")
wrapper=libsocket_wrapper.so
same 'nothing preloaded: ours' "$lib" "$(preload '')"
same "the user's stays, ours first" "$lib:libeatmydata.so" "$(preload libeatmydata.so)"
same 'two of them, split at a space' "$lib:libeatmydata.so libm.so.6" "$(preload 'libeatmydata.so libm.so.6')"
same 'before libsocket_wrapper' "$lib:$wrapper" "$(preload $wrapper)"
same 'ours is there: left alone' "libm.so.6:$lib" "$(preload "libm.so.6:$lib")"
same 'ours is there, with spaces: left alone' " $lib  libm.so.6" "$(preload " $lib  libm.so.6")"
same 'nested: once' "$lib" "$("$run" run "$run" run printenv LD_PRELOAD)"
if [ -e "$asan" ]; then
	ln -s "$asan" libasan.so.8
	same 'behind a sanitizer' "$tmp/libasan.so.8:$lib:libeatmydata.so" "$(ASAN_OPTIONS=detect_leaks=0 preload "$tmp/libasan.so.8 libeatmydata.so")"
else
	bad 'needs libasan.so.8'
fi

# --- programs that cannot be preloaded

cat >show.c <"$here/uncovered.c"
compile() { ${FDG_CC:-cc} -o "$@" show.c || bad "needs to compile $*"; }
compile dynamic
compile static -static
same 'a dynamic program is guarded' "guarded $lib" "$("$run" run ./dynamic 2>&1)"
status 0 'a static program runs' "$run" run ./static
same 'supervised, without a word; what it starts gets the preload' "bare $lib" "$(cat out err)"
same 'its supervisor speaks for it' './static' "$("$run" run --json ./static 2>&1 >/dev/null | sed -n 's/.*"id":"run.start".*"argv":\["\([^"]*\)"\].*/\1/p')"
"$run" run ./static 2>&1 | tail -c 1 >/dev/null # whoever reads a pipe is not kept waiting
for code in 0 1 126 127 137 255; do
	"$run" run -- bash-static -c "exit $code"
	same "a supervised program's exit status is $code" "$code" "$?"
done
"$run" run -- bash-static -c 'kill -TERM $$'
same 'or that of its death' 143 "$?"
status 126 'a supervised file that cannot be run' "$run" run --supervise /etc/passwd
status 0 'with --no-supervise a static program runs' "$run" run --no-supervise ./static
same 'unguarded; what it starts gets the preload' "bare $lib" "$(cat out)"
told 'and that is said' '^fdguard: warning: \./static runs unguarded: it is statically linked.*\[run\.uncovered\]'
"$run" run --no-supervise --json --log j.log -- ./static "a \"b\"$nl" >/dev/null 2>err
told 'on stderr even if findings go to a file' '\[run.uncovered\]'
check 'and in the log, as a finding with all that one must have' python3 -c '
import json
lines = [json.loads(line) for line in open("j.log")]
(finding,) = [line for line in lines if line["id"] == "run.uncovered"]
assert {"v", "time", "pid", "tid", "exe", "guard", "id", "level", "action", "message"} <= finding.keys(), finding
assert finding["level"] == "warning" and finding["guard"] == "run" and finding["exe"].endswith("/static"), finding'
"$run" run --set log=none ./static >/dev/null 2>err
same 'log=none is silence' '' "$(cat err)"
printf '#!%s/static\n' "$tmp" >script && chmod +x script
status 0 'a script whose interpreter is static' "$run" run ./script
same 'is supervised' '' "$(cat err)"
status 0 'or not' "$run" run --no-supervise ./script
told 'is said to be unguarded' 'script runs unguarded: it is statically linked'
printf '#! /usr/bin/env python3\nprint("hello")\n' >script
same 'a script is guarded without a word' 'hello' "$("$run" run ./script 2>&1)"

python3 -c '
image = bytearray(open("static", "rb").read())
image[18] = 0xfe # e_machine
open("foreign", "wb").write(image)'
chmod +x foreign
status 126 'a program for another machine cannot be run' "$run" run ./foreign
told 'and is said to be unguarded' 'foreign runs unguarded: it is a program for'
: >err
for n in 40 64 80 120 200; do
	head -c "$n" dynamic >stump && chmod +x stump
	"$run" run --set log=none ./stump >/dev/null 2>>err
	[ $? -lt 128 ] || bad "a program cut off after $n bytes breaks the launcher"
done
ok 'programs that are cut off do not break the launcher'

if [ "$(id -u)" -eq 0 ]; then
	cp dynamic setuid && chown 65534 setuid && chmod 4755 setuid
	status 0 'a set-user-ID program runs' "$run" run ./setuid
	same 'unguarded, without LD_PRELOAD' 'bare -' "$(cat out)"
	told 'and that is said' 'setuid runs unguarded: it is set-user-ID'
	cp dynamic setgid && chgrp 65534 setgid && chmod 2755 setgid
	status 0 'a set-group-ID program runs' "$run" run ./setgid
	told 'and that is said' 'setgid runs unguarded: it is set-group-ID'
	cp dynamic own && chmod 4755 own
	same 'set-user-ID to whom we are anyway is guarded' "guarded $lib" "$("$run" run ./own 2>&1)"
	cp dynamic caps && setcap cap_net_raw+ep caps
	same "file capabilities do not matter to root" "guarded $lib" "$("$run" run ./caps 2>&1)"
	# Another user must be able to reach the library.
	if setpriv --reuid 65534 --regid 65534 --clear-groups test -r "$lib"; then
		status 0 'a program with file capabilities runs' setpriv --reuid 65534 --regid 65534 --clear-groups "$run" run ./caps
		told 'and is said to be unguarded' 'caps runs unguarded: it has file capabilities'
	fi
else
	status 0 'a set-user-ID program runs' "$run" run su --version
	told 'and is said to be unguarded' 'su runs unguarded: it is set-user-ID'
fi

# --- AddressSanitizer wants to be first

compile asan -fsanitize=address
if grep -q libasan.so asan; then
	same 'an ASan program refuses any preload' '' "$(LD_PRELOAD=$lib ./asan 2>/dev/null)"
	status 0 'and starts through the launcher' "$run" run ./asan
	same 'guarded' "guarded $lib" "$(cat out)"
	told 'which says what it set' 'AddressSanitizer.*ASAN_OPTIONS=verify_asan_link_order=0'
	status 0 'or needs to set nothing' env ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=1 "$run" run ./asan
	same 'and says nothing' '' "$(cat err)"
	same "the user's ASAN_OPTIONS are kept" 'guarded' "$(ASAN_OPTIONS=detect_leaks=1 "$run" run ./asan 2>/dev/null | cut -d' ' -f1)"
fi

# --- stand-ins

mkdir early early2 late
ln -s "$run" early/probe.py
ln -s "$tmp/early/probe.py" early2/probe.py
cat >late/probe.py <<'END'
#!/usr/bin/env python3
import os, sys
print(os.environ.get("FDGUARD_OPTIONS"), os.environ["LD_PRELOAD"], sys.argv)
END
chmod +x late/probe.py
want="cloexec.inherited=close $lib ['$tmp/late/probe.py', 'a b', '--json']"
same 'a stand-in runs the next program of its name, guarded' "$want" "$(PATH=$tmp/early:$tmp/late:$PATH probe.py 'a b' --json)"
same 'past other stand-ins' "$want" "$(PATH=$tmp/early2:$tmp/early:$tmp/early:$tmp/late:$PATH probe.py 'a b' --json)"
same 'from a relative and an empty element of PATH' "cloexec.inherited=close $lib ['../late/probe.py', 'x']" "$(cd early && PATH=:../late:$PATH probe.py x)"
same 'called by its path' "$want" "$(PATH=$tmp/early:$tmp/late:$PATH early/probe.py 'a b' --json)"
mkdir third && cp "$run" third/fdguard && ln -s fdguard third/probe.py
same "past another fdguard's stand-in" "$want" "$(PATH=$tmp/early:$tmp/third:$tmp/late:$PATH probe.py 'a b' --json)"
status 127 'a stand-in for nothing' env "PATH=$tmp/early:$tmp/early2:$PATH" probe.py
told 'says so' '^fdguard: probe.py: no other program of that name in PATH'
ln -s "$run" early/fdguard
same 'a link that is named fdguard is no stand-in' "$(cd / && "$run" --version)" "$(PATH=$tmp/early:$PATH fdguard --version)"
printf '#!/usr/bin/env -S fdguard run --close-inherited -- python3\nimport os, sys\nprint(os.environ["FDGUARD_OPTIONS"], sys.argv[1:])\n' >direct
chmod +x direct
same 'as the interpreter of a script' "cloexec.inherited=close ['a b']" "$(PATH=$tmp/early:$PATH ./direct 'a b')"

# --- finding the library

case $2 in
checkout)
	mkdir -p empty
	status 2 'a checkout that is not built' env "FDGUARD_BUILD_DIR=$tmp/empty" "$run" run true
	told 'says how to build it' "no $tmp/empty/lib/libfdguard.so; build it: cmake -S "
	mkdir -p 'with space/lib' && cp "$lib" 'with space/lib' && ln -s "$build/bin" 'with space/bin'
	status 2 'a library whose path LD_PRELOAD cannot hold' env "FDGUARD_BUILD_DIR=$tmp/with space" "$run" run true
	told 'says why' 'LD_PRELOAD cannot hold a path with a space or a colon'
	ln -s 'with space' without
	status 0 'a relative FDGUARD_BUILD_DIR, through a symbolic link, is the way round it' env FDGUARD_BUILD_DIR=without "$run" run true
	checkout "$tmp/tree"
	ln -s "$build" tree/build
	same 'without FDGUARD_BUILD_DIR, build/ of the checkout' "$tmp/tree/build/lib/libfdguard.so" "$(unset FDGUARD_BUILD_DIR; tree/scripts/fdguard run printenv LD_PRELOAD)"
	;;
installed)
	prefix=${run%/bin/fdguard}
	tools=$prefix/libexec/fdguard
	check 'the library is in lib/<triplet>' test -f "$prefix/lib/$(uname -m)-linux-gnu/libfdguard.so"
	same 'pkg-config tells where the preload is' "$(cd "${lib%/*}" && pwd -P)" \
		"$(PKG_CONFIG_PATH=${lib%/*}/pkgconfig && export PKG_CONFIG_PATH && cd "$(pkg-config --variable=libdir fdguard)" && pwd -P)"
	# shellcheck disable=SC2016 # CMake expands them
	printf 'find_package(fdguard %s REQUIRED)\nmessage("${FDGUARD_PRELOAD} ${FDGUARD_LAUNCHER}")\n' "$("$run" --version | cut -d' ' -f2)" >find.cmake
	same "CMake's find_package, too" "$lib $run" "$(cmake -Dfdguard_DIR="${lib%/*}/cmake/fdguard" -P find.cmake 2>&1)"
	if command -v scdoc >/dev/null 2>&1; then
		page=$prefix/share/man/man5/fdguard-options.5
		same 'the manual page is good roff' '' "$(LC_ALL=C.UTF-8 MANWIDTH=200 man --warnings -l "$page" 2>&1 >page.txt)"
		"$tools/fdguard-options" list | sed -n 's/^\([a-z][a-z._]*\) .*/\1/p' | grep -v '^key$' >keys
		check 'the table has keys' test "$(wc -l <keys)" -gt 25
		while read -r key; do
			grep -q "^  *$key=" page.txt || bad "the manual page lists $key"
		done <keys
		ok 'the manual page lists every key'
	fi
	mv "$prefix" "$tmp/moved"
	run=$tmp/moved/bin/fdguard prefix=$tmp/moved
	same 'an installation can be moved' "guarded $tmp/moved/${lib#"$tmp/it's_there/"}" "$("$run" run ./dynamic 2>&1)"
	mv "$prefix/libexec" "$prefix/libexec.away"
	status 2 'an incomplete installation' "$run" run true
	told 'says so' 'no .*/libexec/fdguard/fdguard-options; install fdguard again'
	;;
esac

finish
