// SPDX-License-Identifier: MIT
#include "resolver/exchange.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>

#include "base/sys.h"
#include "resolver/modest.h"
#include "resolver/engine.h"

#include "base/poison.h"

enum { QUESTIONS = 4096, PORTS = 64 };

const char *fdg_exchange_sentence(enum fdg_exchange_status status)
{
	static const char *const sentences[] = {
#define S(name, sentence) sentence,
#include "resolver/exchange_status.def"
#undef S
	};

	return (unsigned)status < FDG_EXCHANGE_STATUSES ? sentences[status] : "nobody knows";
}

void fdg_exchange_settings(const struct fdg_conf *conf, struct fdg_exchange_settings *ret)
{
	struct rlimit limit;

	*ret = (struct fdg_exchange_settings){
		.server_count = conf->server_count,
		.timeout_ms = conf->timeout * 1000,
		.attempts = conf->attempts,
		.options = conf->options,
		.questions = QUESTIONS,
		.ports = PORTS,
	};
	for (unsigned i = 0; i < conf->server_count; i++)
		ret->server[i] = (struct fdg_exchange_server){ conf->server[i], FDG_CONF_PORT };
	if (!fdg_is_modest() && !fdg_sys4(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit) &&
	    limit.rlim_cur / 4 / (conf->server_count + 1) < PORTS)
		ret->ports = 1 + (unsigned)limit.rlim_cur / 4 / (conf->server_count + 1);
}

static void set_address(struct fdg_target *t, const struct fdg_exchange_server *s)
{
	struct sockaddr_in *four = (struct sockaddr_in *)&t->address;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&t->address;

	if (s->ip.family == AF_INET) {
		*four = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(s->port) };
		memcpy(&four->sin_addr, s->ip.bytes, 4);
		t->address_len = sizeof(*four);
	} else {
		*six = (struct sockaddr_in6){ .sin6_family = AF_INET6,
					      .sin6_port = htons(s->port),
					      .sin6_scope_id = s->ip.scope };
		memcpy(&six->sin6_addr, s->ip.bytes, 16);
		t->address_len = sizeof(*six);
	}
}

static void *carve(uint8_t *base, size_t *at, size_t n, size_t size)
{
	void *p = base ? base + *at : NULL;

	*at += (n * size + 63) & ~(size_t)63;
	return p;
}

static uint32_t heads_for(uint32_t tries)
{
	uint32_t n = 64;

	while (n < tries / 2) /* few questions have more than one */
		n *= 2;
	return n;
}

/* Where each part lies behind `base`; returns the size of all. NULL: the size alone. */
static size_t lay_out(struct fdg_exchange *x, uint8_t *base)
{
	uint32_t questions = x->set.questions, tries = questions * FDG_TRIES, heads = heads_for(tries);
	size_t at = 0;
	uint32_t *head;
	struct fdg_try *try;

	carve(base, &at, 1, sizeof(*x));
	x->targets = carve(base, &at, x->target_count, sizeof(*x->targets));
	x->ports = carve(base, &at, x->port_count, sizeof(*x->ports));
	x->wheel = carve(base, &at, 1, sizeof(*x->wheel));
	x->out = carve(base, &at, FDG_BATCH, sizeof(*x->out));
	x->in = carve(base, &at, FDG_BATCH, sizeof(*x->in));
	x->out_parts = carve(base, &at, FDG_BATCH, sizeof(*x->out_parts));
	x->in_parts = carve(base, &at, FDG_BATCH, sizeof(*x->in_parts));
	x->control = carve(base, &at, FDG_BATCH, sizeof(*x->control));
	x->batch = carve(base, &at, FDG_BATCH, sizeof(*x->batch));
	x->sorted = carve(base, &at, FDG_SORTED, sizeof(*x->sorted));
	x->polls = carve(base, &at, x->port_count + x->target_count, sizeof(*x->polls));
	x->polled = carve(base, &at, x->port_count + x->target_count, sizeof(*x->polled));
	try = carve(base, &at, tries, sizeof(*try));
	head = carve(base, &at, heads, sizeof(*head));
	fdg_ids_start(&x->ids, head, heads - 1, try);
	x->questions = carve(base, &at, questions, sizeof(*x->questions));
	x->used_ids = carve(base, &at, x->port_count, sizeof(*x->used_ids));
	x->received = carve(base, &at, FDG_BATCH, FDG_RECEIVE_STRIDE);
	for (unsigned i = 0; i < x->target_count; i++) {
		uint8_t *in = carve(base, &at, 1, FDG_STREAM), *out = carve(base, &at, 1, FDG_OUT);

		if (base) {
			x->targets[i].stream.in = in;
			x->targets[i].stream.out = out;
		}
	}
	return at;
}

/* Timers are touched as questions are: they lie in memory of their own, for the wheel wants them zeroed. */
static int map(struct fdg_exchange *plan, struct fdg_exchange **ret)
{
	size_t body = lay_out(plan, NULL), all = body + plan->set.questions * sizeof(struct fdg_wheel_timer);
	uint8_t *base = fdg_sys_mmap(all, false);
	struct fdg_exchange *x;

	if (!base)
		return -ENOMEM;
	x = (struct fdg_exchange *)base;
	*x = *plan;
	lay_out(x, base);
	x->mapped = all;
	x->now = fdg_clock();
	fdg_wheel_start(x->wheel, (struct fdg_wheel_timer *)(base + body), x->now);
	*ret = x;
	return 0;
}

static void prepare_messages(struct fdg_exchange *x)
{
	for (unsigned i = 0; i < FDG_BATCH; i++) {
		x->in_parts[i] = (struct iovec){ x->received + (size_t)i * FDG_RECEIVE_STRIDE, FDG_RECEIVE };
		x->in[i].msg_hdr.msg_iov = &x->in_parts[i];
		x->in[i].msg_hdr.msg_iovlen = 1;
		x->out[i].msg_hdr.msg_iov = &x->out_parts[i];
		x->out[i].msg_hdr.msg_iovlen = 1;
	}
}

static void prepare_targets(struct fdg_exchange *x)
{
	uint32_t room = x->set.ports * FDG_PORT_FLYING;

	for (unsigned i = 0; i < x->target_count; i++) {
		struct fdg_target *t = &x->targets[i];

		set_address(t, &x->set.server[i]);
		fdg_server_start(&t->state, room < x->set.questions ? room : x->set.questions);
		t->depth = FDG_TCP_FLYING;
		t->stream.fd = -1;
	}
	for (unsigned i = 0; i < x->port_count; i++)
		x->ports[i].fd = -1;
}

static int plan(const struct fdg_exchange_settings *s, struct fdg_exchange *ret)
{
	if (!s->questions || !s->ports || s->server_count > FDG_EXCHANGE_SERVERS)
		return -EINVAL;
	*ret = (struct fdg_exchange){
		.epoll = -1,
		.loose = -1,
		.set = *s,
		.target_count = s->server_count,
		.free = FDG_NONE,
		.total = (uint64_t)s->attempts * s->server_count * s->timeout_ms * 1000,
	};
	if (s->questions > FDG_EXCHANGE_QUESTIONS_MAX)
		ret->set.questions = FDG_EXCHANGE_QUESTIONS_MAX;
	if (s->server_count && s->ports > FDG_EXCHANGE_PORTS_MAX / s->server_count)
		ret->set.ports = FDG_EXCHANGE_PORTS_MAX / s->server_count;
	ret->slots_each = ret->set.ports + ret->set.ports / 8 + 1; /* some are about to be closed */
	ret->port_count = ret->slots_each * s->server_count;
	return 0;
}

int fdg_exchange_make(const struct fdg_exchange_settings *s, struct fdg_exchange **ret)
{
	struct fdg_exchange p, *x;
	int error = plan(s, &p);

	if (!error)
		error = fdg_random_make(&p.random);
	if (error)
		return error;
	error = map(&p, &x);
	if (error) {
		fdg_random_free(&p.random);
		return error;
	}
	prepare_messages(x);
	prepare_targets(x);
	error = fdg_renew_epoll(x);
	if (error) {
		fdg_random_free(&x->random);
		fdg_sys_munmap(x, x->mapped);
		return error;
	}
	*ret = x;
	return 0;
}

static void fill_packet(const struct fdg_exchange *x, struct fdg_question *q, const struct fdg_dns_name *name,
			uint16_t type)
{
	struct fdg_dns_query query;
	size_t len;

	fdg_dns_name_copy(&query.name, name);
	query.id = 0;
	query.type = type;
	query.payload = x->set.options & FDG_CONF_EDNS0 ? FDG_EXCHANGE_PAYLOAD : 0;
	query.recurse = true;
	query.authentic = x->set.options & FDG_CONF_TRUST_AD;
	fdg_dns_write(&query, q->packet, sizeof(q->packet), &len);
	q->len = (uint16_t)(FDG_DNS_HEADER + name->len + 4);
	q->opt_len = (uint8_t)(len - q->len);
}

static fdg_exchange_handle handle_of(const struct fdg_exchange *x, const struct fdg_question *q)
{
	return (uint64_t)q->generation << 32 | fdg_question_number(x, q);
}

bool fdg_exchange_ask(struct fdg_exchange *x, const struct fdg_dns_name *name, uint16_t type, fdg_exchange_done *done,
		      void *cookie, fdg_exchange_handle *ret)
{
	bool idle = !x->running;
	struct fdg_question *q;

	if (idle && !x->driving) {
		x->now = fdg_clock();
		fdg_silence_over(x);
		fdg_renew_check(x, true);
		fdg_renew_old(x);
	}
	q = fdg_question_take(x);
	if (!q)
		return false;
	q->queue = FDG_QUEUE_NONE;
	q->server = q->last_server = q->sends = q->status = q->forged = q->broken = 0;
	q->plain = q->counted = false;
	q->tcp = x->set.options & FDG_CONF_USE_VC;
	memset(q->bad, 0, sizeof(q->bad));
	memset(q->silent, 0, sizeof(q->silent));
	q->sent = 0;
	q->asked = x->now;
	q->turn_end = q->deadline = 0;
	q->done = done;
	q->cookie = cookie;
	fill_packet(x, q, name, type);
	if (x->target_count)
		fdg_question_start(x, q);
	else
		fdg_question_end(x, q, FDG_EXCHANGE_NO_SERVER);
	if (ret)
		*ret = handle_of(x, q);
	return true;
}

bool fdg_exchange_cancel(struct fdg_exchange *x, fdg_exchange_handle h)
{
	uint32_t n = (uint32_t)h;
	struct fdg_question *q = &x->questions[n];

	if (n >= x->touched || !(q->generation & 1) || q->generation != h >> 32)
		return false;
	fdg_question_end(x, q, FDG_EXCHANGE_CANCELLED);
	return true;
}

void fdg_exchange_free(struct fdg_exchange *x)
{
	if (!x)
		return;
	for (uint32_t i = 0; i < x->touched; i++)
		if (x->questions[i].generation & 1)
			fdg_question_end(x, &x->questions[i], FDG_EXCHANGE_CANCELLED);
	fdg_question_tell(x);
	fdg_renew_end(x);
	fdg_random_free(&x->random);
	fdg_sys_munmap(x, x->mapped);
}

int fdg_exchange_fd(const struct fdg_exchange *x)
{
	return x->epoll;
}

unsigned fdg_exchange_running(const struct fdg_exchange *x)
{
	return x->running;
}

unsigned fdg_exchange_room(const struct fdg_exchange *x)
{
	return x->set.questions - x->running;
}

const struct fdg_exchange_counts *fdg_exchange_counts(const struct fdg_exchange *x)
{
	return &x->counts;
}
