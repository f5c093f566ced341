/* SPDX-License-Identifier: MIT */
#ifndef FDG_REPORT_DAEMON_H
#define FDG_REPORT_DAEMON_H

#include "report/line.h"

#define FDG_SYSLOG_SOCKET "/dev/log"
#define FDG_JOURNAL_SOCKET "/run/systemd/journal/socket"

/*
 * One datagram to the daemon that has bound the UNIX socket at `path`, by a socket that is made and closed for it. Where its queue is full it is waited for 20 ms, and after one such wait in vain
 * not again until it takes something. 0, or the negative errno with which it was lost. In a moment of its own (base/apart.h).
 */
int fdg_daemon_send(const char *path, const struct fdg_line *l);

#endif
