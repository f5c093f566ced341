/* SPDX-License-Identifier: MIT */
/* For differential.c: { place, what (NULL: all there), how libc's words begin, how ours do, the reason }. */
#define NOT_IN "a record of another class than was asked for is none of the answer"
#define HALF "what came before the damage in an answer that cannot be read is not used"
#define ONCE_MORE "a server that closes behind each answer is connected to again (RFC 7766 section 6.2.4)"
#define BAD_DOMAIN \
	"a search domain in which no host can be is passed over; libc asks there, and takes what comes for the end"
#define NO_OPT "a server that does not understand EDNS is asked without (RFC 6891 section 7)"
#define NO_SIX "no-aaaa: there are no AAAA, which needs no question; libc asks for A and shows how that failed"
#define BOTH "the address that did come is given, though the question before was lost or failed"
{ "answers", "classch.test - fl=0 un 1/0", "6/1/6 2001:db8::42", "NONAME", NOT_IN },
	{ "answers", "classch.test - fl=2 un 1/0", "6/1/6 2001:db8::42", "NONAME", NOT_IN },
	{ "answers", "classch.test - fl=8 un 1/0", "6/1/6 2001:db8::42", "NONAME", NOT_IN },
	{ "answers", "classch.test - fl=1a un 1/0", "6/1/6 2001:db8::42", "NONAME", NOT_IN },
	{ "answers", "classch.test - fl=20 un 1/0", "6/1/6 2001:db8::42", "NONAME", NOT_IN },
	{ "answers", "tcone.test - fl=0 un 1/0", "AGAIN", V6, ONCE_MORE },
	{ "answers", "tcone.test - fl=2 un 1/0", "AGAIN", V6, ONCE_MORE },
	{ "answers", "tcone.test - fl=8 un 1/0", "AGAIN", V6, ONCE_MORE },
	{ "answers", "tcone.test - fl=1a un 1/0", "AGAIN", V6, ONCE_MORE },
	{ "answers", "tcone.test - fl=20 un 1/0", "AGAIN", V6, ONCE_MORE },
	{ "pairs", "ok-6cut.test - fl=2 un 1/0", V6, V4 " fl=2 =ok-6cut.test; ", HALF },
	{ "pairs", "chain-6cut.test - fl=2 un 1/0", V6, V4 " fl=2 =End.test; ", HALF },
	{ "pairs", "mixed-6cut.test - fl=2 un 1/0", V6, V4 " fl=2 =mixed-6cut.test; ", HALF },
	{ "search-bad", "x - fl=2 un 1/0", "NONAME", V6 " fl=2 =x.ok.test", BAD_DOMAIN },
	{ "search-bad", "x - fl=8 un 1/0", "NONAME", V6, BAD_DOMAIN },
	{ "search-bad", "x - fl=8 v4 1/0", "NONAME", V4, BAD_DOMAIN },
	{ "search-bad", "x - fl=8 v6 1/0", "NONAME", V6, BAD_DOMAIN },
	{ "search-bad", "gethostbyname2 x v4", "HOST_NOT_FOUND", "x.ok.test 192.0.2.1", BAD_DOMAIN },
	{ "search-bad", "gethostbyname2 x v6", "HOST_NOT_FOUND", "x.ok.test 2001:db8::1", BAD_DOMAIN },
	{ "edns0", "noopt.test - fl=2 un 1/0", "AGAIN", V6, NO_OPT },
	{ "edns0", "badvers.test - fl=2 un 1/0", "NODATA", V6, NO_OPT },
	{ "edns0", "badvers.test - fl=2 v4 1/0", "NODATA", V4, NO_OPT },
	{ "edns0", "badvers.test - fl=2 v6 1/0", "NODATA", V6, NO_OPT },
	{ "single-request", "servfail-6ok.test - fl=2 un 1/0", "AGAIN", V6, BOTH },
	{ "single-request-reopen", "servfail-6ok.test - fl=2 un 1/0", "AGAIN", V6, BOTH },
	{ "silent", "silent-6ok.test", "AGAIN", V6, BOTH },
	{ "no-aaaa", "nx.test - fl=2 v6 1/0", "NONAME", "NODATA", NO_SIX },
	{ "no-aaaa", "servfail.test - fl=2 v6 1/0", "AGAIN", "NODATA", NO_SIX },
	{ "no-aaaa", "servfail!.test - fl=2 v6 1/0", "AGAIN", "NODATA", NO_SIX },
	{ "no-aaaa", "nx-6ok.test - fl=2 v6 1/0", "NONAME", "NODATA", NO_SIX },
	{ "no-aaaa", "servfail-6ok.test - fl=2 v6 1/0", "AGAIN", "NODATA", NO_SIX },
	{ "nosuchmodule files", NULL, "", "LIBC", "libc is asked where nsswitch names what we do not know" },
	{ "files nosuchmodule [NOTFOUND=return] dns", NULL, "", "LIBC", "libc is asked where nsswitch names what we do not know" },
	{ "files # dns", NULL, "", "LIBC", "what stands behind # is a source for libc" },
	{ "files [SUCCESS=continue] dns", NULL, "", "LIBC", "libc is asked where a success does not end it" },
