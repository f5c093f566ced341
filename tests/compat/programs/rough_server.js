// SPDX-License-Identifier: MIT
// rough_server.js PORT DEAD RESET CUT SLOW EARLY: an HTTP server of two workers that passes on to upstreams of these ports. One worker is killed on
// SIGUSR2, and another takes its place; SIGTERM ends all.
const cluster = require('cluster'), http = require('http'), dgram = require('dgram'), child = require('child_process');
const [port, ...upstreams] = process.argv.slice(2).map(Number);
const ports = Object.fromEntries(['/dead', '/reset', '/cut', '/slow', '/early'].map((path, i) => [path, upstreams[i]]));
const big = Buffer.alloc(4000000, 'big\n');

function pass(req, res) {
	const upstream = http.get({ port: ports[req.url], host: '127.0.0.1', path: '/' }, (answer) => {
		res.writeHead(answer.statusCode, answer.headers);
		answer.on('error', () => res.destroy()).pipe(res);
	});
	upstream.on('error', () => (res.headersSent ? res.destroy() : res.writeHead(502).end('gone')));
	res.on('close', () => upstream.destroy());
}

function serve(req, res) {
	req.on('error', () => {});
	res.on('error', () => {});
	if (ports[req.url])
		return pass(req, res);
	if (req.url === '/big')
		return res.writeHead(200, { 'Content-Length': big.length }).end(big);
	if (req.method !== 'POST')
		return res.writeHead(200, { 'Content-Length': 6 }).end('small\n');
	let length = 0;
	req.on('data', (part) => (length += part.length)).on('end', () => res.end(`${length}\n`));
}

function worker() {
	const server = http.createServer(serve).on('clientError', (e, socket) => socket.destroy()).listen(port, '127.0.0.1');
	server.keepAliveTimeout = 20000;
	// a connected socket whose peer is not there, and children that end while we talk to them
	const s = dgram.createSocket('udp4').on('error', () => {});
	s.connect(ports['/dead'], '127.0.0.1', () => setInterval(() => s.send('anyone?', () => {}), 100).unref());
	const cat = child.spawn('cat', { stdio: ['pipe', 'pipe', 'inherit'] });
	cat.stdin.on('error', () => {});
	setTimeout(() => cat.kill('SIGKILL'), 500);
	process.on('SIGTERM', () => process.exit(0));
}

if (cluster.isPrimary) {
	let ending = false;
	cluster.fork();
	cluster.fork();
	cluster.on('exit', () => ending || cluster.fork());
	process.on('SIGUSR2', () => process.kill(Object.values(cluster.workers)[0].process.pid, 'SIGKILL'));
	process.on('SIGTERM', () => {
		ending = true;
		for (const w of Object.values(cluster.workers))
			w.process.kill('SIGTERM');
		setTimeout(() => process.exit(0), 300);
	});
} else {
	worker();
}
