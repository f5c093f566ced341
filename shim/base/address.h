/* SPDX-License-Identifier: MIT */
/*
 * What a descriptor is, in words, as the kernel says now. Raw system calls; async-signal-safe.
 */
#ifndef FDG_BASE_ADDRESS_H
#define FDG_BASE_ADDRESS_H

#include <stdbool.h>

#include "base/fmt.h"

/* Appends the address of a socket's other end, or of its own: 10.0.0.7:8001, [::1]:80, /run/x.sock, @abstract. False, and nothing appended, if it has none. */
bool fdg_put_peer(struct fdg_buf *b, int fd);
bool fdg_put_local(struct fdg_buf *b, int fd);
/* An address of that family alone: 10.0.0.7, fe80::1. False, and nothing appended, for one that is neither AF_INET nor AF_INET6. */
bool fdg_put_host(struct fdg_buf *b, int family, const void *address);
/* "TCP socket", "pipe", "terminal /dev/pts/3"; "descriptor" if it is nothing. */
void fdg_put_what(struct fdg_buf *b, int fd);

#endif
