# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Hand-over, the cure of those who may not load eBPF: listeners are closed and reopened while clients connect as fast as they can, and however the program waits
# none is reset, none lost, none given to two.
. "$FDG_SRC/tests/harness/lib.sh"

need setpriv
cp "$FDG_LIB" lib.so
cp "$FDG_BIN/reuseport-handover" server
cp "$FDG_BIN/reuseport-filter" filter
chmod 755 . lib.so server filter
as_user=
[ "$(id -u)" -ne 0 ] || as_user='setpriv --reuid 65534 --regid 65534 --clear-groups'

# shellcheck disable=SC2086 # none or several words
program() {
	rm -rf logs && mkdir logs && chmod 777 logs
	timeout 60 $as_user env ${1:+"LD_PRELOAD=$tmp/lib.so"} FDGUARD_OPTIONS="format=json:log=$tmp/logs/log:reuseport=$1" ./$2 2>&1
	cp logs/log log 2>/dev/null
}
server() { program "$1" "server $2"; }
none='reset 0, wrong 0, failed 0, some answered'

for way in 'epoll-lt 4' 'one-loop 4'; do
	case $(server '' "$way 10 6") in
	'reset 0,'*) bad "bare: $way: some are reset" ;;
	'reset '*', wrong 0, failed 0, some answered') ok "bare: $way: some are reset" ;;
	*) bad "bare: $way" ;;
	esac
	case $(server report "$way 10 6") in
	'reset 0,'*) bad "report: $way: as bare" ;;
	*) check "report: $way: told" found '"id":"reuseport.reset","level":"error","action":"reported"' ;;
	esac
done

for run in 1 2 3; do
	for way in epoll-lt epoll-et poll select one-loop epoll-et+; do
		same "fix: $way, run $run" "$none" "$(server fix "$way 4 10 6")"
		check "… by hand-over" found '"id":"reuseport.reset".*"action":"fixed".*"saved":[1-9].*"cure":"hand-over'
	done
done
for way in accept number; do
	case $(server fix "$way 4 10 6") in
	'reset 0,'*) bad "fix: $way, which blocks: as bare" ;;
	'reset '*', wrong 0, failed 0, some answered') ok "fix: $way, which blocks: as bare" ;;
	*) bad "fix: $way" ;;
	esac
	check "… and said why" found '"action":"reported".*cannot be handed over: the listener blocks'
	check "… and what to do" found '"fix":"run it with CAP_BPF.*, or make the listener non-blocking; or'
done
same "fix: 64 listeners" "$none" "$(server fix 'epoll-et 64 64 6')"
refuse "fix: 64 listeners: nothing is left to reset" found '"reuseport.reset".*"action":"reported"'
refuse "descriptors of ours are nobody's leak" found 'cloexec.leaked'

case $(program fix 'filter none') in
'queued '*' reset 0') ok "fix: nobody is reset" ;;
*) bad "fix: without a filter" ;;
esac
for way in prctl number; do
	case $(program fix "filter $way") in
	'queued 0 '*) bad "fix: nothing was queued" ;;
	'queued '*' reset '*' and '*) bad "fix: others were served before a filter: $way" ;;
	*) ok "fix: the others were served" ;;
	esac
	check "… those that waited were reset before the filter, and it is told: $way" found 'enters a seccomp filter, after which fdguard does nothing, before it accepted'
done

finish
