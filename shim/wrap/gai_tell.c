// SPDX-License-Identifier: MIT
/* Threads: ours, and those that a program asks for by SIGEV_THREAD; and its signals. As libc makes them. */
#include "wrap/gai.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"

#define STACK ((size_t)256 << 10)

/* The lock may be held, with even those blocked: the mask that a new thread begins with is the maker's. */
bool fdg_gai_thread(void *(*body)(void *))
{
	pthread_attr_t how;
	pthread_t thread;
	uint64_t mask;
	int error;

	pthread_attr_init(&how);
	pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&how, STACK);
	mask = fdg_sys_set_mask(fdg_sys_all_signals());
	error = pthread_create(&thread, &how, body, NULL);
	if (error == EINVAL && pthread_attr_setstacksize(&how, STACK * 16) == 0) /* much thread-local storage */
		error = pthread_create(&thread, &how, body, NULL);
	fdg_sys_set_mask(mask);
	pthread_attr_destroy(&how);
	return !error;
}

static void send_signal(const struct sigevent *event)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_signo = event->sigev_signo;
	info.si_code = SI_ASYNCNL;
	info.si_pid = fdg_sys_getpid();
	info.si_uid = (uid_t)fdg_sys0(SYS_getuid);
	info.si_value = event->sigev_value;
	fdg_sys3(SYS_rt_sigqueueinfo, info.si_pid, info.si_signo, &info);
}

static void *notify(void *cookie)
{
	struct sigevent *event = cookie;
	void (*function)(union sigval) = event->sigev_notify_function;
	union sigval value = event->sigev_value;

	free(event);
	fdg_sys_set_mask(0);
	function(value);
	return NULL;
}

static void start_thread(const struct sigevent *event)
{
	struct sigevent *own = malloc(sizeof(*own));
	pthread_attr_t usual, *how = event->sigev_notify_attributes;
	pthread_t thread;
	uint64_t mask;

	if (!own)
		return;
	*own = *event;
	if (!how) {
		pthread_attr_init(&usual);
		pthread_attr_setdetachstate(&usual, PTHREAD_CREATE_DETACHED);
		how = &usual;
	}
	mask = fdg_sys_set_mask(fdg_sys_all_signals());
	if (pthread_create(&thread, how, notify, own))
		free(own);
	fdg_sys_set_mask(mask);
	if (how == &usual)
		pthread_attr_destroy(&usual);
}

void fdg_gai_tell(const struct sigevent *event)
{
	if (event->sigev_notify == SIGEV_SIGNAL)
		send_signal(event);
	else if (event->sigev_notify == SIGEV_THREAD)
		start_thread(event);
}
