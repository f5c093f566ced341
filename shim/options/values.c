// SPDX-License-Identifier: MIT
/* One parser per TYPE word of options.def, each named after it. */
#include <limits.h>
#include <signal.h>
#include <string.h>

#include "base/arena.h"
#include "base/kind.h"
#include "base/sys.h"
#include "options/reader.h"

#include "base/poison.h"

#define NOT_ACCEPTED ""
#define NO_MEMORY "there is no memory left for it"
#define UNKNOWN_PLACEHOLDER "a % in it is none of %p, %e and %%"

/* The words are in the order of the constants in options.h. */
#define WORDS(type, words) \
	static const char *read_##type(struct fdg_slice *v, fdg_type_##type *ret) \
	{ \
		int i = fdg_slice_index(*v, words); \
\
		if (i < 0) \
			return NOT_ACCEPTED; \
		*ret = (fdg_type_##type)i; \
		return NULL; \
	}

WORDS(MODE, "off,report,fix")
WORDS(REPORT_OFF, "off,report")
WORDS(INHERITED, "report,close,keep")
WORDS(FORTIFY, "report,fix")
WORDS(CURE, "shutdown,keepalive")
WORDS(LEVEL, "note,warning,error")
WORDS(FORMAT, "text,json")
WORDS(SWITCH, "off,on")

/* Takes the digits that v starts with; false if there are none or too many. */
static bool take_number(struct fdg_slice *v, uint64_t *ret)
{
	uint64_t number = 0;
	size_t i = 0;

	for (; i < v->n && v->s[i] >= '0' && v->s[i] <= '9'; i++)
		if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, v->s[i] - '0', &number))
			return false;
	v->s += i;
	v->n -= i;
	*ret = number;
	return i > 0;
}

static bool take_char(struct fdg_slice *v, char c)
{
	if (!v->n || *v->s != c)
		return false;
	v->s++;
	v->n--;
	return true;
}

struct unit {
	char name[3];
	uint32_t factor;
};

/* A number and a unit; the first unit is what a bare number has. */
static bool read_scaled(struct fdg_slice v, const struct unit *units, size_t n, uint64_t max, uint64_t *ret)
{
	uint64_t number;

	if (!take_number(&v, &number))
		return false;
	for (size_t i = 0; i < n; i++)
		if ((!v.n && i == 0) || fdg_slice_is(v, units[i].name)) {
			if (__builtin_mul_overflow(number, units[i].factor, &number) || number > max)
				return false;
			*ret = number;
			return true;
		}
	return false;
}

static const char *read_DURATION(struct fdg_slice *v, int64_t *ret)
{
	static const struct unit units[] = { { "s", 1000 }, { "ms", 1 }, { "m", 60000 }, { "h", 3600000 } };
	uint64_t number;

	if (!read_scaled(*v, units, sizeof(units) / sizeof(units[0]), FDG_DURATION_MAX, &number))
		return "expected a number and ms, s, m or h, at most 876000h";
	*ret = (int64_t)number;
	return NULL;
}

static const char *read_COUNT(struct fdg_slice *v, unsigned *ret)
{
	static const struct unit units[] = { { "", 1 }, { "k", 1000 }, { "M", 1000000 } };
	uint64_t number;

	if (!read_scaled(*v, units, sizeof(units) / sizeof(units[0]), UINT_MAX, &number))
		return "expected a number, which can end in k or M, at most 4294967295";
	*ret = (unsigned)number;
	return NULL;
}

static const char *read_STACKS(struct fdg_slice *v, unsigned *ret)
{
	static const struct unit units[] = { { "", 1 } };
	uint64_t number;

	if (!read_scaled(*v, units, 1, 32, &number))
		return NOT_ACCEPTED;
	*ret = (unsigned)number;
	return NULL;
}

/* The bits of a kind's word, 0 if it is none. */
static unsigned kind_bits(struct fdg_slice word)
{
#define X(constant, name) name ","
	int i = fdg_slice_index(word, FDG_KIND_WORDS(X) "all");
#undef X

	return i < 0 ? 0 : i > FDG_KIND_OTHER_SHIFT ? FDG_KIND_ALL_BITS : 1u << i;
}

static const char *read_KINDS(struct fdg_slice *v, unsigned *ret)
{
	struct fdg_slice rest = *v, word;
	unsigned bits = 0;

	while (fdg_slice_word(&rest, &word)) {
		unsigned more = kind_bits(word);

		if (!more) {
			*v = word;
			return NOT_ACCEPTED;
		}
		bits |= more;
	}
	if (!bits)
		return NOT_ACCEPTED;
	*ret = bits;
	return NULL;
}

/* "7" or "7-9". */
static bool read_range(struct fdg_slice word, int *ret_first, int *ret_last)
{
	uint64_t first, last;

	if (!take_number(&word, &first))
		return false;
	last = first;
	if (take_char(&word, '-') && !take_number(&word, &last))
		return false;
	if (word.n || first > last || last > INT_MAX)
		return false;
	*ret_first = (int)first;
	*ret_last = (int)last;
	return true;
}

static const char *read_FDSET(struct fdg_slice *v, struct fdg_fdset *ret)
{
	struct fdg_slice rest = *v, word;
	struct fdg_fdset set = { 0 };

	while (fdg_slice_word(&rest, &word)) {
		unsigned bits = kind_bits(word);
		int first, last;

		set.kinds |= bits;
		if (bits)
			continue;
		*v = word;
		if (!read_range(word, &first, &last))
			return "expected fd numbers, ranges like 7-9, or kinds like socket and pipe";
		if (set.ranges == FDG_FDSET_RANGES)
			return "there are more than 32 numbers and ranges";
		set.range[set.ranges].first = first;
		set.range[set.ranges++].last = last;
	}
	*ret = set;
	return NULL;
}

/* RTMIN, RTMIN+3, RTMAX-1, behind the RT; 0 if it is none. */
static int realtime_signal(struct fdg_slice name)
{
	bool from_min = name.n >= 3 && memcmp(name.s, "MIN", 3) == 0;
	struct fdg_slice rest = { name.s + 3, name.n - 3 };
	uint64_t number = 0;

	if (!from_min && (name.n < 3 || memcmp(name.s, "MAX", 3) != 0))
		return 0;
	if (rest.n && (!take_char(&rest, from_min ? '+' : '-') || !take_number(&rest, &number) || rest.n))
		return 0;
	if (number > (unsigned)(SIGRTMAX - SIGRTMIN))
		return 0;
	return from_min ? SIGRTMIN + (int)number : SIGRTMAX - (int)number;
}

/* Those that a program can wait for: KILL and STOP cannot be caught, and of a fault's handler nobody returns. */
static int named_signal(struct fdg_slice name)
{
	static const struct { char name[7]; uint8_t number; } signals[] = {
		{ "HUP", SIGHUP }, { "INT", SIGINT }, { "QUIT", SIGQUIT }, { "USR1", SIGUSR1 }, { "USR2", SIGUSR2 },
		{ "PIPE", SIGPIPE }, { "ALRM", SIGALRM }, { "TERM", SIGTERM }, { "CHLD", SIGCHLD }, { "CONT", SIGCONT },
		{ "TSTP", SIGTSTP }, { "TTIN", SIGTTIN }, { "TTOU", SIGTTOU }, { "URG", SIGURG }, { "XCPU", SIGXCPU },
		{ "XFSZ", SIGXFSZ }, { "VTALRM", SIGVTALRM }, { "PROF", SIGPROF }, { "WINCH", SIGWINCH }, { "IO", SIGIO },
		{ "POLL", SIGPOLL }, { "PWR", SIGPWR },
	};

	if (name.n > 3 && memcmp(name.s, "SIG", 3) == 0)
		name = (struct fdg_slice){ name.s + 3, name.n - 3 };
	if (name.n > 2 && memcmp(name.s, "RT", 2) == 0)
		return realtime_signal((struct fdg_slice){ name.s + 2, name.n - 2 });
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (name.n < sizeof(signals[i].name) && memcmp(signals[i].name, name.s, name.n) == 0 && !signals[i].name[name.n])
			return signals[i].number;
	return 0;
}

static const char *read_SIGNAL(struct fdg_slice *v, int *ret)
{
	int number = v->n ? named_signal(*v) : 0;

	if (v->n && !number)
		return "expected the name of a signal that can be caught and is no fault, like USR1 or RTMIN+2";
	*ret = number;
	return NULL;
}

static const char *read_KEEPALIVE(struct fdg_slice *v, struct fdg_keepalive *ret)
{
	static const char why[] = "expected off, on, or IDLE/INTVL/CNT: two times 1 to 32767 seconds, and 1 to 127 probes";
	static const uint64_t max[] = { 32767, 32767, 127 }; /* the kernel's MAX_TCP_KEEPIDLE and so on */
	struct fdg_slice rest = *v;
	int onoff = fdg_slice_index(*v, "off,on");
	uint64_t part[3] = { 0 };

	if (onoff < 0) {
		for (int i = 0; i < 3; i++)
			if ((i && !take_char(&rest, '/')) || !take_number(&rest, &part[i]) || part[i] < 1 || part[i] > max[i])
				return why;
		if (rest.n)
			return why;
	}
	*ret = (struct fdg_keepalive){ onoff != 0, (int)part[0], (int)part[1], (int)part[2] };
	return NULL;
}

/* The working directory and a '/'. False without one: it was removed, or lies outside of our root. */
static bool put_directory(struct fdg_buf *b, bool percents)
{
	char cwd[PATH_MAX];

	if (fdg_is_err(fdg_sys2(SYS_getcwd, cwd, sizeof(cwd))) || cwd[0] != '/')
		return false;
	for (const char *p = cwd; *p; p++)
		fdg_put_n(b, *p == '%' && percents ? "%%" : p, *p == '%' && percents ? 2 : 1);
	if (cwd[1])
		fdg_put_char(b, '/');
	return true;
}

const char *fdg_path_absolute(struct fdg_slice v, bool percents, const char **ret_path)
{
	char text[PATH_MAX];
	struct fdg_buf b = FDG_BUF(text);
	const char *path;

	if (v.s[0] != '/' && !put_directory(&b, percents))
		return "it is relative, and the working directory has no path";
	fdg_put_n(&b, v.s, v.n);
	if (b.cut)
		return "it is longer than a path can be";
	path = fdg_arena_strndup(text, b.len);
	if (!path)
		return NO_MEMORY;
	*ret_path = path;
	return NULL;
}

static const char *read_PATH(struct fdg_slice *v, const char **ret)
{
	if (v->n)
		return fdg_path_absolute(*v, false, ret);
	*ret = "";
	return NULL;
}

static bool placeholders_are_known(struct fdg_slice path)
{
	for (size_t i = 0; i < path.n; i++)
		if (path.s[i] == '%' && (++i == path.n || !memchr("pe%", path.s[i], 3)))
			return false;
	return true;
}

static const char *read_PATTERN(struct fdg_slice *v, const char **ret)
{
	if (!placeholders_are_known(*v))
		return UNKNOWN_PLACEHOLDER;
	if (v->n)
		return fdg_path_absolute(*v, true, ret);
	*ret = "";
	return NULL;
}

static const char *read_LOG(struct fdg_slice *v, struct fdg_log_target *ret)
{
	/* An empty word holds FDG_LOG_FILE's place. */
	int i = v->n ? fdg_slice_index(*v, "stderr,,syslog,journal,none") : -1;
	struct fdg_log_target target = { i < 0 ? FDG_LOG_FILE : (enum fdg_log)i, NULL };
	const char *why;

	if (!v->n)
		return NOT_ACCEPTED;
	if (target.where == FDG_LOG_FILE) {
		if (!placeholders_are_known(*v))
			return UNKNOWN_PLACEHOLDER;
		why = fdg_path_absolute(*v, true, &target.path);
		if (why)
			return why;
	}
	*ret = target;
	return NULL;
}

static unsigned count_words(struct fdg_slice list)
{
	struct fdg_slice word;
	unsigned n = 0;

	while (fdg_slice_word(&list, &word))
		n++;
	return n;
}

static const char *read_NAMES(struct fdg_slice *v, struct fdg_names *ret)
{
	struct fdg_slice rest = *v, word;
	struct fdg_names names = { count_words(*v), NULL };
	const char **glob = NULL;

	if (names.count && !(glob = fdg_arena_alloc(names.count * sizeof(*glob))))
		return NO_MEMORY;
	for (unsigned i = 0; fdg_slice_word(&rest, &word); i++) {
		glob[i] = fdg_arena_strndup(word.s, word.n);
		if (!glob[i])
			return NO_MEMORY;
	}
	names.glob = glob;
	*ret = names;
	return NULL;
}

const char *fdg_value_read(const struct fdg_row *row, struct fdg_slice *v, void *ret_field)
{
	switch ((enum fdg_type)row->type) {
#define X(type) \
	case FDG_TYPE_##type: \
		return read_##type(v, ret_field);
	FDG_TYPES(X)
#undef X
	}
	return NOT_ACCEPTED;
}
