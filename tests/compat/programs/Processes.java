// SPDX-License-Identifier: MIT
// Java: ProcessBuilder in its ways, sockets, selectors, files.
import java.io.*;
import java.net.*;
import java.nio.*;
import java.nio.channels.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;

public class Processes {
	static String read(InputStream in) throws IOException {
		return new String(in.readAllBytes(), StandardCharsets.UTF_8).trim();
	}

	static void builders() throws Exception {
		Process p = new ProcessBuilder("sh", "-c", "echo out; echo err >&2; exit 3").start();
		System.out.println(read(p.getInputStream()) + " " + read(p.getErrorStream()) + " " + p.waitFor());
		p = new ProcessBuilder("cat").start();
		try (OutputStream o = p.getOutputStream()) {
			o.write("through cat".getBytes());
		}
		System.out.println(read(p.getInputStream()) + " " + p.waitFor());
		p = new ProcessBuilder("sh", "-c", "echo one; echo two >&2").redirectErrorStream(true).start();
		System.out.println(read(p.getInputStream()).replace('\n', ' ') + " " + p.waitFor());
		p = new ProcessBuilder("sh", "-c", "echo to a file; cat").redirectInput(new File("/etc/hostname"))
			.redirectOutput(new File("output")).start();
		System.out.println(p.waitFor() + " " + Files.readAllLines(Path.of("output")).size());
		ProcessBuilder b = new ProcessBuilder("sh", "-c", "pwd; echo $MARK; ls /proc/self/fd | wc -l").directory(new File("/usr"));
		b.environment().clear();
		b.environment().put("MARK", "an environment of its own");
		p = b.start();
		System.out.println(read(p.getInputStream()) + " " + p.waitFor());
		System.out.flush();
		System.out.println(new ProcessBuilder("sh", "-c", "echo inherited; exit 4").inheritIO().start().waitFor());
		try {
			new ProcessBuilder("/nonexistent").start();
		} catch (IOException e) {
			System.out.println("missing");
		}
		List<Process> pipeline = ProcessBuilder.startPipeline(List.of(new ProcessBuilder("seq", "100"), new ProcessBuilder("grep", "7"),
			new ProcessBuilder("wc", "-l")));
		System.out.println(read(pipeline.get(2).getInputStream()));
		p = Runtime.getRuntime().exec("sleep 20");
		p.destroy();
		System.out.println(p.waitFor());
	}

	static void many() throws Exception {
		ExecutorService pool = Executors.newFixedThreadPool(4);
		List<Future<String>> all = new ArrayList<>();
		for (int i = 0; i < 24; i++) {
			int n = i;
			all.add(pool.submit(() -> {
				Process p = new ProcessBuilder("sh", "-c", "echo " + n + "; exit " + n).start();
				return read(p.getInputStream()) + ":" + p.waitFor();
			}));
		}
		for (Future<String> f : all)
			System.out.print(f.get() + " ");
		System.out.println();
		pool.shutdown();
	}

	static void sockets() throws Exception {
		try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
			Thread t = new Thread(() -> {
				try (Socket s = server.accept()) {
					s.getOutputStream().write("from a server socket".getBytes());
				} catch (IOException e) {
					System.out.println(e);
				}
			});
			t.start();
			try (Socket s = new Socket(server.getInetAddress(), server.getLocalPort())) {
				System.out.println(read(s.getInputStream()));
			}
			t.join();
		}
		try (Selector selector = Selector.open(); ServerSocketChannel server = ServerSocketChannel.open()) {
			server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)).configureBlocking(false);
			server.register(selector, SelectionKey.OP_ACCEPT);
			try (SocketChannel client = SocketChannel.open(server.getLocalAddress())) {
				System.out.println("selected " + selector.select(10000));
				try (SocketChannel accepted = server.accept()) {
					accepted.write(ByteBuffer.wrap("by channels".getBytes()));
				}
				System.out.println(read(client.socket().getInputStream()));
			}
		}
	}

	public static void main(String[] args) throws Exception {
		builders();
		many();
		sockets();
		System.exit(5);
	}
}
