/* SPDX-License-Identifier: MIT */
/*
 * Where lines go.
 *
 * Standard error: the object that fd 2 was at the start. Once the program has closed it or put something else in its place, lines are lost: what
 * a program opens as fd 2 is its own.
 *
 * syslog and journal: a datagram to /dev/log, or to the journal's socket (daemon.h, syslog.c, journal.c). What such a daemon does not take goes to standard error, as text or JSON, after a sentence
 * that says so, once.
 *
 * A file: opened for each line, appended to, made 0600. A symbolic link as its last component is followed to a device or FIFO, never to a regular
 * file. A FIFO that nobody reads takes nothing. /dev/stderr, /dev/fd/2 and /proc/self/fd/2 mean standard error as above; such names of any other
 * descriptor are refused (a sentence, and standard error), for the number is something else in another process.
 *
 * A sink that is full is waited for 20 ms; after one such wait in vain it is not waited for again until it takes a line.
 *
 * A line is written in a moment of its own (fdg_aside of base/apart.h): no other thread meets with the descriptors that it takes.
 *
 * Where a disk fills up in the middle of a line, the next line that this process writes begins with a newline of its own, so that a reader of
 * JSON lines loses that one line. (Another process that appends to the same file cannot know, and loses its next line as well.)
 */
#ifndef FDG_REPORT_SINK_H
#define FDG_REPORT_SINK_H

#include "report/line.h"

/* What an errno of a sink means beyond the kernel's own. */
#define FDG_SINK_REPLACED ESTALE /* fd 2 is another object than at the start */
#define FDG_SINK_SHORT EMSGSIZE  /* a part of the line was written */

/* Remembers what fd 2 is, and reads fdg_options.log. */
void fdg_sink_start(void);
void fdg_sink_fork_child(void);
/* How lines for the sink are composed. */
enum fdg_form fdg_sink_form(void);
/* Of the daemon that takes them; NULL: none does. */
const char *fdg_sink_socket(void);
/* One write(2); 0, or the negative errno with which the line was lost. */
int fdg_sink_write(struct fdg_line *l);
int fdg_sink_stderr(struct fdg_line *l);
/* "standard error" or the file's name, for people. */
void fdg_sink_put_name(struct fdg_buf *b);
void fdg_sink_put_reason(struct fdg_buf *b, int error);

#endif
