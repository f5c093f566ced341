# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# A small C project, generated, built by a recursive make -j4.
. "$FDG_SRC/tests/compat/compare.sh"
need make cc ar

modules="one two three four five six"
mkdir -p seed/lib seed/app
for m in $modules; do
	for part in a b c; do
		echo "int ${m}_$part(int n) { return n + ${#m}; }" >"seed/lib/${m}_$part.c"
	done
done
{
	for m in $modules; do for part in a b c; do echo "int ${m}_$part(int);"; done; done
	echo '#include <stdio.h>'
	echo 'int main(void) { int n = 0;'
	for m in $modules; do for part in a b c; do echo "n = ${m}_$part(n);"; done; done
	printf '%s\n' 'printf("%d\n", n); return 0; }'
} >seed/app/main.c
cat >seed/Makefile <<'END'
SHELL = /bin/sh
all: check
libs:
	+@$(MAKE) --no-print-directory -C lib
programs: libs
	+@$(MAKE) --no-print-directory -C app
check: programs
	@app/program | tee result
	@grep -c . lib/*.d | wc -l
	@$(shell echo true)
	-@exit 3
version := $(shell cc --version | head -n 1)
$(info compiler $(if $(version),found,missing))
.PHONY: all libs programs check
END
cat >seed/lib/Makefile <<'END'
sources = $(wildcard *.c)
libmodules.a: $(sources:.c=.o)
	ar rcD $@ $(sort $^)
%.o: %.c
	cc -O1 -g -MMD -c -o $@ $<
END
cat >seed/app/Makefile <<'END'
program: main.o ../lib/libmodules.a
	cc -o $@ $^
main.o: main.c
	cc -O1 -c -o $@ $<
END
cat >build.script <<'END'
make "$@" >log 2>&1
status=$?
sort log
rm log
exit $status
END
cp build.script seed/

compare "make -j4" 0 sh build.script -j4
compare "make -j4, output in order" 0 sh build.script -j4 -O
compare "make -j4 -l, keep going" 2 sh build.script -j4 -k all nothing-makes-this
refuse "make: the jobserver was there" grep -i jobserver bare.out

finish
