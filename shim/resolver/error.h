/* SPDX-License-Identifier: MIT */
/* The errors of the codec, with a sentence each. */
#ifndef FDG_RESOLVER_ERROR_H
#define FDG_RESOLVER_ERROR_H

enum fdg_dns_error {
#define E(name, sentence) FDG_DNS_##name,
#include "resolver/errors.def"
#undef E
	FDG_DNS_ERRORS
};

/* For an enum fdg_dns_error; any other number has a sentence too. */
const char *fdg_dns_sentence(enum fdg_dns_error error);

#endif
