// SPDX-License-Identifier: MIT
/* Sets that are fields: of structures on the stack, of global ones, of allocated ones. */
#include "corpus.h"

#include <stdlib.h>
#include <string.h>

/* A set with its timeout, on the stack. */
struct channel_wait {
	fd_set readers;
	struct timeval timeout;
};

enum outcome channel(const struct scene *scene)
{
	struct channel_wait wait;

	wait.timeout = scene->limit;
	FD_ZERO(&wait.readers);
	FD_SET(scene->fd, &wait.readers);
	int n = select(scene->fd + 1, &wait.readers, NULL, NULL, &wait.timeout);
	return outcome_of(n, FD_ISSET(scene->fd, &wait.readers));
}

/* An interpreter's notifier: what is asked for and what is ready, three sets each. */
struct select_masks {
	fd_set readable;
	fd_set writable;
	fd_set exception;
};

struct notifier_state {
	struct select_masks check;
	struct select_masks ready;
	int num_fd_bits;
	int dispatched;
};

static void watch(struct notifier_state *state, int fd)
{
	FD_SET(fd, &state->check.readable);
	if (state->num_fd_bits <= fd)
		state->num_fd_bits = fd + 1;
}

static int wait_for_event(struct notifier_state *state, const struct timeval *time)
{
	struct timeval timeout = *time;

	state->ready = state->check;
	int found = select(state->num_fd_bits, &state->ready.readable, &state->ready.writable, &state->ready.exception,
			   &timeout);
	if (found == 0)
		memset(&state->ready, 0, sizeof state->ready);
	return found;
}

enum outcome notifier(const struct scene *scene)
{
	struct notifier_state state;

	memset(&state, 0, sizeof state);
	watch(&state, scene->low);
	watch(&state, scene->fd);
	int n = wait_for_event(&state, &scene->limit);
	if (n >= 0 && (FD_ISSET(scene->low, &state.ready.readable) || FD_ISSET(scene->low, &state.ready.exception)))
		return EXTRA;
	if (!FD_ISSET(scene->low, &state.check.readable))
		return DAMAGED; /* the next round would not watch it */
	return outcome_of(n, FD_ISSET(scene->fd, &state.ready.readable));
}

/* A connection's state, the set first. Its owner is asked after the wait. */
struct owner {
	int users;
	const char *name;
};

struct session_state {
	fd_set rset;
	int state;
	int retries;
	struct owner *owner;
	long since;
	char peer[48];
};

#define PEER "203.0.113.5:443 (trading gateway, second line)"

static enum outcome session_wait(struct session_state *session, int fd, const struct timeval *limit,
				 struct session_state *ret_before)
{
	struct timeval tv = *limit;

	FD_ZERO(&session->rset);
	FD_SET(fd, &session->rset);
	remember(ret_before, session, sizeof *session);
	int n = select(fd + 1, &session->rset, NULL, NULL, &tv);
	return outcome_of(n, FD_ISSET(fd, &session->rset));
}

enum outcome session(const struct scene *scene)
{
	struct owner owner = { 3, "gateway" };
	struct session_state session = { .state = 4, .retries = 2, .owner = &owner, .since = 1700000000, .peer = PEER };
	struct session_state before;

	enum outcome outcome = session_wait(&session, scene->fd, &scene->limit, &before);
	if (session.owner->users != 3 || strcmp(session.owner->name, "gateway") != 0)
		return DAMAGED;
	if (changed(&session.state, &before.state, sizeof session - offsetof(struct session_state, state), 1))
		return DAMAGED;
	return outcome;
}

/* A set, and behind it the buffer that is being filled. */
struct receive_buffer {
	fd_set ready;
	char data[512];
	size_t used;
};

#define RECEIVED \
	"HTTP/1.1 200 OK\r\nServer: example\r\nContent-Type: text/html\r\nContent-Length: 48213\r\nConnection: close\r\nVary: *\r\n"

enum outcome receiver(const struct scene *scene)
{
	struct receive_buffer buffer;
	char before[sizeof buffer.data];
	struct timeval tv;

	memset(&buffer, 0, sizeof buffer);
	memcpy(buffer.data, RECEIVED, sizeof RECEIVED);
	buffer.used = strlen(RECEIVED);
	FD_ZERO(&buffer.ready);
	FD_SET(scene->fd, &buffer.ready);
	tv.tv_sec = scene->limit.tv_sec;
	tv.tv_usec = scene->limit.tv_usec;
	remember(before, buffer.data, sizeof before);
	int n = select(scene->fd + 1, &buffer.ready, NULL, NULL, &tv);
	if (changed(buffer.data, before, sizeof before, 1) || buffer.used != strlen(RECEIVED))
		return DAMAGED;
	return outcome_of(n, FD_ISSET(scene->fd, &buffer.ready));
}

/* An event library's state: allocated; what is watched, and copies for select, because it is not safe to reuse them. */
struct api_state {
	fd_set rfds, wfds;
	fd_set _rfds, _wfds;
};

struct loop {
	int maxfd;
	struct api_state *api;
	struct fired {
		int fd, mask;
	} fired[8];
};

static int loop_poll(struct loop *loop, const struct timeval *limit, const int *fds, int count)
{
	struct api_state *api = loop->api;
	struct timeval tv = *limit;
	int numevents = 0;

	memcpy(&api->_rfds, &api->rfds, sizeof(fd_set));
	memcpy(&api->_wfds, &api->wfds, sizeof(fd_set));
	int retval = select(loop->maxfd + 1, &api->_rfds, &api->_wfds, NULL, &tv);
	if (retval < 0)
		return -1;
	for (int j = 0; retval > 0 && j < count; j++) {
		int mask = (FD_ISSET(fds[j], &api->_rfds) ? 1 : 0) | (FD_ISSET(fds[j], &api->_wfds) ? 2 : 0);
		if (mask)
			loop->fired[numevents++] = (struct fired){ fds[j], mask };
	}
	return retval > 0 && numevents == 0 ? -2 : numevents;
}

enum outcome event_loop(const struct scene *scene)
{
	struct loop *loop = calloc(1, sizeof *loop);
	struct api_state *api = malloc(sizeof *api);
	int fds[2] = { scene->low, scene->fd };

	if (!loop || !api)
		return FAILED;
	loop->api = api;
	FD_ZERO(&api->rfds);
	FD_ZERO(&api->wfds);
	FD_SET(scene->low, &api->rfds);
	FD_SET(scene->fd, &api->rfds);
	loop->maxfd = scene->fd;
	int n = loop_poll(loop, &scene->limit, fds, 2);
	bool only_fd = n == 1 && loop->fired[0].fd == scene->fd && loop->fired[0].mask == 1;
	free(api);
	free(loop);
	if (n == -2)
		return MISSED;
	return n == 1 && !only_fd ? EXTRA : outcome_of(n, only_fd);
}

/* A server's globals in one structure; it is asked about every client after the wait. */
static struct {
	fd_set read_fds;
	fd_set write_fds;
	int listener;
	int highest;
	int clients[4];
	unsigned long accepted;
	char motd[80];
} server = { .clients = { -1, -1, -1, -1 },
	     .accepted = 41,
	     .motd = "Welcome. Be kind to each other, and to the machine that carries you." };

static unsigned char server_before[sizeof server - offsetof(__typeof__(server), listener)];

static int server_wait(const struct timeval *limit)
{
	struct timeval tv;

	FD_ZERO(&server.read_fds);
	FD_ZERO(&server.write_fds);
	FD_SET(server.listener, &server.read_fds);
	for (size_t i = 0; i < 4; i++)
		if (server.clients[i] >= 0)
			FD_SET(server.clients[i], &server.read_fds);
	tv.tv_sec = limit->tv_sec;
	tv.tv_usec = limit->tv_usec;
	remember(server_before, &server.listener, sizeof server_before);
	return select(server.highest + 1, &server.read_fds, &server.write_fds, NULL, &tv);
}

enum outcome chat_server(const struct scene *scene)
{
	server.listener = scene->low;
	server.clients[1] = scene->fd;
	server.highest = scene->fd;
	int n = server_wait(&scene->limit);
	if (changed(&server.listener, server_before, sizeof server_before, 1))
		return DAMAGED;
	int spoke = 0;
	for (size_t i = 0; i < 4; i++)
		if (server.clients[i] >= 0 && FD_ISSET(server.clients[i], &server.read_fds))
			spoke++;
	if (FD_ISSET(server.listener, &server.read_fds))
		return EXTRA;
	return outcome_of(n, spoke == 1);
}
