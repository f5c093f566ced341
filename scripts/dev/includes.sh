#!/bin/sh
# SPDX-License-Identifier: MIT
# scripts/dev/includes.sh [DIR]: includes point down the flow only. Checks every #include "folder/…" in shim/ against the table below, that wrap
# uses nothing of report but its life cycle, and that every .c outside wrap/ and tools/ has base/poison.h as its last include. DIR is a source
# tree; this one by default. Prints what is wrong; exit status 1 if anything is.
set -u
shim=${1:-$(dirname -- "$0")/../..}/shim
LC_ALL=C
export LC_ALL
cd "$shim" || exit 2

# folder: what it may include besides itself
may_include() {
	case $1 in
	base) echo ;;
	options) echo base ;;
	report) echo base options ;;
	ledger | resolver) echo base options ;;
	guards) echo base options ledger report ;;
	wrap) echo base options ledger guards resolver ;;
	supervise) echo base options ledger guards ;;
	tools) echo base options report ;;
	include) echo ;;
	*) echo unknown ;;
	esac
}

# file: report/report.h too, for the life cycle: start-up, fork and exec, the calls that end a process or its talk, the thread of ours, and supervise's main and runs
knows_life_cycle() {
	case $1 in
	wrap/start.c | wrap/fork.c | wrap/exec.c | wrap/syscall.c | wrap/sweeper.c | supervise/main.c | supervise/runs.c) return 0 ;;
	*) return 1 ;;
	esac
}

# file: report/elf.h too: the symbols of another process's objects
knows_symbols() {
	case $1 in
	supervise/native.c | supervise/unwind.c) return 0 ;;
	*) return 1 ;;
	esac
}

# file: guards/epoll/fdinfo.h too: the reader of interest lists
reads_interest() {
	[ "$1" = tools/scan_process.c ]
}

wrong=0
say() {
	echo "$*"
	wrong=$((wrong + 1))
}

# includes FILE: "line folder/file" of every include of ours, .def tables apart (they belong to nobody)
includes() {
	sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p' "$1" | grep -v '\.def$'
}

files=$(find . -name '*.[chS]' | sed 's|^\./||' | sort)
[ -n "$files" ] || say "no files in $shim"
for file in $files; do
	folder=${file%%/*}
	allowed=$(may_include "$folder")
	[ "$allowed" = unknown ] && say "$file: the folder $folder/ is not in the table of scripts/dev/includes.sh"
	for header in $(includes "$file"); do
		case $header in
		poison-list.h) continue ;; # made by the build, from calls.def
		*/*) target=${header%%/*} ;;
		*) say "$file: \"$header\" is not named by its folder" && continue ;;
		esac
		[ -e "$header" ] || say "$file: \"$header\" does not exist"
		[ "$target" = "$folder" ] && continue
		[ "$header" = report/report.h ] && knows_life_cycle "$file" && continue
		[ "$header" = report/elf.h ] && knows_symbols "$file" && continue
		[ "$header" = guards/epoll/fdinfo.h ] && reads_interest "$file" && continue
		case " $allowed " in
		*" $target "*) ;;
		*) say "$file: $folder may not include $target (\"$header\")" ;;
		esac
	done
	case $file in
	resolver/*) includes "$file" | grep -q '^options/' && say "$file: the resolver is a library and knows no options" ;;
	esac
	case $file in
	wrap/* | tools/* | *.[hS]) ;;
	*) [ "$(includes "$file" | tail -n 1)" = base/poison.h ] || say "$file: base/poison.h must be the last include" ;;
	esac
done
for file in $files; do
	case $file in wrap/* | supervise/*) ;; *) continue ;; esac
	uses=$(grep -o -w -E 'fdg_report(_[a-z_]+)?' "$file" | sort -u)
	for use in $uses; do
		case $use in
		fdg_report_start | fdg_report_run_start | fdg_report_fork_child | fdg_report_end | fdg_report_retire | fdg_report_exec | \
		fdg_report_exec_failed | fdg_report_filter | fdg_report_run_exec | fdg_report_open_by | fdg_told_prepare | fdg_report_say | fdg_report_as | fdg_report_subject_end | fdg_report_lost | fdg_report_say_lost | fdg_report_count) ;;
		*) say "$file: $use is not part of report's life cycle" ;;
		esac
	done
done
[ "$wrong" -eq 0 ]
