#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154,SC2317 # programs comes from compare.sh
# Programs that look names up, bare and guarded: the same output, and the lookups were ours. In a network of their own, where a name server of the tests answers.
export inside_lib=tests/compat/compare.sh
# shellcheck source=tests/lookups/inside.sh
. "$FDG_SRC/tests/lookups/inside.sh"
need curl wget python3 git ssh node java javac nginx haproxy psql

own_names
sysctl -q -w net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.lo.disable_ipv6=0 2>/dev/null
ip address add 192.0.2.1/32 dev lo && ip address add 2001:db8::1/128 dev lo nodad || exit 99
serve --port 53

# What they ask for.
mkdir pages
echo 'a page' >pages/page
git init -q --bare pages/repository.git
git -C pages/repository.git update-server-info
(cd pages && exec python3 -m http.server 8080 --bind ::) >/dev/null 2>&1 8>&- &
web=$!
trap 'status=$?; kill "$web" 2>/dev/null; cd /; rm -rf "$tmp"; exit $status' EXIT
tries=0
until curl -s -o /dev/null http://192.0.2.1:8080/page || [ "$tries" -gt 100 ]; do tries=$((tries + 1)) && sleep 0.05; done
# 6 ms, pids and moments differ from run to run.
filter() { sed -e 's/after [0-9]* ms/after N ms/; s/^[0-9/]* [0-9:]* \[/[/; s/\] [0-9]*#[0-9]*:/] N:/; s/([0-9]*) :/(N) :/'; }

# resolves SENTENCE STATUS AT-LEAST CMD…: bare and guarded the same, with so many lookups of ours, and none of libc's.
resolves() {
	sentence=$1 status=$2 least=$3
	shift 3
	once bare "$@" 8>&-
	same "$sentence: bare exit status" "$status" "$(cat bare.status)"
	fresh
	once guarded env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/log" "$@" 8>&-
	agree "$sentence: guarded" guarded
	ours=$(sed -n 's/.*"lookups":\([0-9]*\).*/\1/p' log | awk '{ n += $1 } END { print n + 0 }')
	check "$sentence: $ours lookups are ours" test "$ours" -ge "$least"
	check "$sentence: nothing to report" quiet
}

resolves curl 0 2 curl -sS http://ok.test:8080/page http://chain.test:8080/page
resolves 'curl, no such name' 6 1 curl -sS http://nx.test:8080/page
resolves wget 0 1 wget -q -O- http://ok.test:8080/page
resolves 'wget, no such name' 4 1 wget -nv -t1 -O- http://nx.test:8080/page
resolves python3 0 100 python3 "$programs/resolving.py"
resolves 'git, http' 0 1 git ls-remote http://ok.test:8080/repository.git
resolves 'git, http, no such name' 128 1 git ls-remote http://nx.test:8080/repository.git
resolves ssh 255 1 ssh -F none -o BatchMode=yes -p 1 ok.test
resolves 'ssh, no such name' 255 1 ssh -F none -o BatchMode=yes nx.test
resolves 'git, ssh' 128 1 env GIT_SSH_COMMAND='ssh -F none -o BatchMode=yes' git ls-remote ssh://nx.test/repository.git
resolves node 0 120 node "$programs/resolving.js"
javac -d seed "$programs/Resolving.java"
resolves java 0 10 java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData -cp . Resolving
resolves psql 2 1 psql -w -h ok.test -p 1 -c 'select 1' postgres
resolves 'psql, no such name' 2 1 psql -w -h nx.test -p 1 -c 'select 1' postgres

# nginx CONF: it reads its names when it starts.
nginx_conf() {
	printf 'pid nginx.pid;\nerror_log stderr error;\ndaemon off;\nevents {}\nhttp {\naccess_log off;\nupstream u { server %s:8080; }\nserver { listen 127.0.0.1:8081; location / { proxy_pass http://u; } }\n}\n' "$1" >"seed/$1.conf"
}
nginx_conf ok.test
nginx_conf nx.test
resolves nginx 0 1 sh -c 'nginx -p "$PWD" -e stderr -c ok.test.conf & p=$!; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do curl -s http://127.0.0.1:8081/page && break; sleep 0.1; done; kill "$p"; wait "$p"; rm -rf nginx.pid'
resolves 'nginx, no such name' 1 1 nginx -p . -e stderr -t -c nx.test.conf
printf 'defaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\nlisten l\n bind 127.0.0.1:8082\n server s ok.test:8080\n server t chain.test:8080\n' >seed/haproxy.cfg
resolves haproxy 0 1 haproxy -c -f haproxy.cfg
sed 's/ok\.test/nx.test/' seed/haproxy.cfg >seed/none.cfg
resolves 'haproxy, no such name' 1 1 haproxy -c -f none.cfg
served
finish
