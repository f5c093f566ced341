// SPDX-License-Identifier: MIT
// node: child_process in all its ways, worker threads, cluster with handed-over sockets, net, http, dgram.
'use strict';
const cp = require('child_process');
const cluster = require('cluster');
const dgram = require('dgram');
const fs = require('fs');
const http = require('http');
const net = require('net');
const { once } = require('events');
const { Worker, isMainThread, parentPort } = require('worker_threads');

async function text(stream) {
	let all = '';
	for await (const chunk of stream) all += chunk;
	return all;
}

async function both(p) {
	const closed = once(p, 'close');
	return [(await text(p.stdout)).trim(), (await closed)[0]];
}

async function spawns() {
	const cat = cp.spawn('cat');
	cat.stdin.end('through cat');
	console.log('spawn', await text(cat.stdout));
	const five = cp.spawn('sh', ['-c', 'cat <&3 >&4'], { stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe'] });
	five.stdio[3].end('three to four');
	console.log('stdio', await text(five.stdio[4]));
	const file = fs.openSync('/etc/passwd');
	const named = cp.spawn('sh', ['-c', 'head -c 4 <&3; ls /proc/self/fd | wc -l'], { stdio: ['ignore', 'pipe', 'inherit', file] });
	console.log('file', await text(named.stdout));
	fs.closeSync(file);
	const missing = cp.spawn('/nonexistent');
	console.log('missing', (await once(missing, 'error'))[0].code);
	const killed = cp.spawn('sleep', ['20']);
	killed.kill();
	console.log('killed', await once(killed, 'exit'));
	const far = cp.spawn('sh', ['-c', 'echo detached'], { detached: true, stdio: ['ignore', 'pipe', 'ignore'], env: { A: '1' } });
	console.log(await text(far.stdout));
	const many = Array.from({ length: 30 }, (_, i) => cp.spawn('sh', ['-c', `echo ${i}; exit ${i}`]));
	console.log('many', (await Promise.all(many.map(both))).join(' '));
}

async function execs() {
	console.log('sync', cp.execSync('echo by execSync').toString());
	const r = cp.spawnSync('sh', ['-c', 'cat; echo e >&2; exit 3'], { input: 'in' });
	console.log('spawnSync', r.status, r.stdout.toString(), r.stderr.toString());
	console.log('exec', await new Promise(done => cp.exec('echo out; exit 4', (e, out) => done([e.code, out]))));
	console.log('execFile', await new Promise(done => cp.execFile('printf', ['%s', 'text'], (e, out) => done(out))));
}

async function forks() {
	const child = cp.fork(__filename, ['child'], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
	child.send({ word: 'hello' });
	console.log('fork', (await once(child, 'message'))[0]);
	const server = net.createServer(s => s.end('from the parent')).listen(0, '127.0.0.1');
	await once(server, 'listening');
	child.send({ port: server.address().port }, server);
	console.log('handle', (await once(child, 'message'))[0]);
	child.disconnect();
	console.log('exit', (await once(child, 'exit'))[0]);
	server.close();
}

function child() {
	process.on('message', (m, handle) => {
		if (!handle) return process.send(m.word.toUpperCase());
		process.send({ handle: handle.constructor.name, same: handle.address().port === m.port });
		handle.close();
	});
}

async function threads() {
	const w = new Worker(__filename, { argv: ['thread'] });
	const ended = once(w, 'exit');
	console.log('worker', (await once(w, 'message'))[0]);
	await ended;
}

async function network() {
	const server = http.createServer((q, r) => r.end(q.url)).listen(0, '127.0.0.1');
	await once(server, 'listening');
	const port = server.address().port;
	for (let i = 0; i < 10; i++)
		console.log(await new Promise(done => http.get({ port, host: '127.0.0.1', path: `/${i}` }, async r => done(await text(r)))));
	server.closeAllConnections();
	server.close();
	const path = 'socket';
	const unix = net.createServer(s => s.pipe(s)).listen(path);
	await once(unix, 'listening');
	const c = net.connect(path);
	c.end('echo over a path');
	console.log(await text(c));
	unix.close();
	const u = dgram.createSocket('udp4');
	u.bind(0, '127.0.0.1');
	await once(u, 'listening');
	u.send('datagram', u.address().port, '127.0.0.1');
	console.log((await once(u, 'message'))[0].toString());
	u.close();
}

async function clusters() {
	cluster.setupPrimary({ exec: __filename, args: ['member'] });
	const workers = [cluster.fork(), cluster.fork()];
	const exits = workers.map(w => once(w, 'exit'));
	const [[address]] = await Promise.all(workers.map(w => once(w, 'listening')));
	for (let i = 0; i < 6; i++)
		console.log(await text(net.connect(address.port, '127.0.0.1')));
	for (const w of workers) w.kill();
	await Promise.all(exits);
}

function member() {
	net.createServer(s => s.end('from a member')).listen(0, '127.0.0.1');
}

async function main() {
	await spawns();
	await execs();
	await forks();
	await threads();
	await network();
	await clusters();
	console.log('open', fs.readdirSync('/proc/self/fd').length > 3);
	process.exitCode = 3;
}

const role = { child, member, thread: () => parentPort.postMessage(cp.execSync('echo in a thread').toString()) };
if (!isMainThread) role.thread();
else if (process.argv[2] in role) role[process.argv[2]]();
else main();
