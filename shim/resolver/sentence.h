/* SPDX-License-Identifier: MIT */
/* What getaddrinfo's error codes, and ours, mean. */
#ifndef FDG_RESOLVER_SENTENCE_H
#define FDG_RESOLVER_SENTENCE_H

const char *fdg_error_sentence(int error);

#endif
