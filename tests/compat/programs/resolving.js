// SPDX-License-Identifier: MIT
// node: names by dns.lookup, which is getaddrinfo in a thread; and a request by name.
'use strict';
const dns = require('dns').promises;
const http = require('http');

const shown = (what, promise) => promise.then((a) => console.log(what, JSON.stringify(a)), (e) => console.log(what, e.code, e.message));

async function main() {
	for (const name of ['ok.test', 'chain.test', 'here', 'nx.test', 'nodata.test', 'servfail.test', '192.0.2.7']) {
		await shown(name, dns.lookup(name, { all: true }));
		await shown(`${name} 6`, dns.lookup(name, { family: 6 }));
		await shown(`${name} as given`, dns.lookup(name, { all: true, verbatim: true, hints: require('dns').ADDRCONFIG }));
	}
	await shown('service', dns.lookupService('192.0.2.1', 80));
	const all = await Promise.all(Array.from({ length: 100 }, (_, i) => dns.lookup(`ok${i}.test`, { all: true })));
	console.log(all.length, JSON.stringify(all[99]));
	http.get('http://ok.test:8080/page', (r) => r.on('data', (d) => console.log('page', String(d).trim())));
	http.get('http://nx.test:8080/page').on('error', (e) => console.log('page', e.code, e.hostname));
}

main();
