// SPDX-License-Identifier: MIT
// Java: names and addresses by InetAddress.
import java.net.*;
import java.util.*;

public class Resolving {
	public static void main(String[] args) throws Exception {
		for (String name : new String[] { "ok.test", "chain.test", "many.test", "here", "nx.test", "nodata.test", "servfail.test", "192.0.2.7", "localhost" }) {
			try {
				System.out.println(name + " " + Arrays.toString(InetAddress.getAllByName(name)));
			} catch (UnknownHostException e) {
				System.out.println(e);
			}
		}
		for (String address : new String[] { "192.0.2.1", "192.0.2.3", "2001:db8::1" })
			System.out.println(address + " " + InetAddress.getByName(address).getCanonicalHostName());
		try (Socket s = new Socket("ok.test", 8080)) {
			System.out.println(s.getRemoteSocketAddress());
		}
	}
}
