// SPDX-License-Identifier: MIT
// node_passes.js: a server that gives its first connection to a child as standard input, as one gives a file, and goes on writing to it. libuv makes the child's standard
// input blocking; it is the server's connection as well. To a later connection it says "pong". Prints its port.
const net = require('net');
const { spawn } = require('child_process');
let first = true;

const server = net.createServer((connection) => {
	connection.on('error', () => {});
	if (!first) {
		connection.on('data', () => connection.end('pong\n'));
		server.close();
		return;
	}
	first = false;
	const child = spawn('cat', { stdio: [connection, 'ignore', 'inherit'] });
	child.on('spawn', () => connection.write(Buffer.alloc(32 << 20, 'x'), () => connection.destroy()));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
