# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# torture_limit.sh PROGRAM: very few and very many descriptors allowed; nothing of ours is sized by the limit.
. "$FDG_SRC/tests/harness/lib.sh"

program=$1
for limit in 64 4096 1048576; do
	bare=$("$program" "$limit") || bad "limit $limit, bare"
	limit=${bare% *} bare=${bare#* } # what the machine permits
	for options in cloexec=fix cloexec.kinds=all; do
		kib=$(guarded "$options" "$program" "$limit") || bad "limit $limit, $options"
		kib=${kib#* }
		check "limit $limit, $options: ${bare:-none} KiB resident bare, ${kib:-none} guarded" [ "${kib:-9999999}" -le $((${bare:-0} + 1024)) ]
	done
done
finish
