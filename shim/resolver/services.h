/* SPDX-License-Identifier: MIT */
/* /etc/services, as nss_files of glibc 2.36 reads it, parsed once into a hash (services(5)); and services that are numbers. */
#ifndef FDG_RESOLVER_SERVICES_H
#define FDG_RESOLVER_SERVICES_H

#include "resolver/table.h"

struct fdg_services {
	struct fdg_table table;
};

/* 0, -EFBIG (more than FDG_TABLE_TEXT_MAX bytes) or -ENOMEM. The text is copied. libc's errno may change. */
int fdg_services_parse(struct fdg_text text, struct fdg_services *ret);
void fdg_services_free(struct fdg_services *s);

/* The port of the first line with the name or alias; letter case matters. `protocol` NULL: any. */
bool fdg_services_port(const struct fdg_services *s, const char *name, const char *protocol, uint16_t *ret_port);
/* The name of the first line with the port, or NULL. It lives as long as the services do. */
const char *fdg_services_name(const struct fdg_services *s, uint16_t port, const char *protocol);
/*
 * Is the service a number to getaddrinfo? It reads with strtoul: blanks and signs may stand before it, and it wraps: 65616 is port 80. What
 * comes out negative as an int is looked up as a name. libc's errno may change.
 */
bool fdg_services_number(const char *service, uint16_t *ret_port);

#endif
