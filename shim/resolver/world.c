// SPDX-License-Identifier: MIT
#include "resolver/world.h"

#include <errno.h>
#include <net/if.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include "base/big.h"
#include "base/sys.h"

#include "base/poison.h"

enum { SECOND = 1000000, SMALL = 64 << 10 /* bytes of /etc/hosts of which a table is made */ };

static const char *const paths[FDG_WORLD_FILES] = {
	[FDG_WORLD_RESOLV] = "/etc/resolv.conf", [FDG_WORLD_HOSTS] = "/etc/hosts",
	[FDG_WORLD_NSS] = "/etc/nsswitch.conf",  [FDG_WORLD_HOSTCONF] = "/etc/host.conf",
	[FDG_WORLD_GAICONF] = "/etc/gai.conf",   [FDG_WORLD_SERVICES] = "/etc/services",
};

unsigned fdg_world_interface(const char *name)
{
	struct ifreq request;
	size_t n = strlen(name);
	int fd;
	long error;

	if (!n || n >= sizeof(request.ifr_name))
		return 0;
	memset(&request, 0, sizeof(request));
	memcpy(request.ifr_name, name, n);
	fd = (int)fdg_sys3(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	error = fdg_sys3(SYS_ioctl, fd, SIOCGIFINDEX, &request);
	fdg_sys_close(fd);
	return error < 0 ? 0 : (unsigned)request.ifr_ifindex;
}

static void read_resolv(struct fdg_world *w, struct fdg_text text)
{
	struct utsname names;
	struct fdg_conf_input in = {
		.text = text,
		.localdomain = fdg_text_variable("LOCALDOMAIN"),
		.res_options = fdg_text_variable("RES_OPTIONS"),
		.hostname = fdg_sys1(SYS_uname, &names) < 0 ? NULL : names.nodename,
		.interface = fdg_world_interface,
	};

	fdg_conf_parse(&in, &w->conf);
	w->conf_changes++;
}

static void read_hosts(struct fdg_world *w, struct fdg_text text, int error)
{
	fdg_hosts_free(&w->hosts);
	w->hosts = (struct fdg_hosts){ .table = { .mapped = 0 } };
	w->hosts_ours = error != -EFBIG && !fdg_hosts_parse(text, &w->hosts);
}

static void read_services(struct fdg_world *w, struct fdg_text text, int error)
{
	fdg_services_free(&w->services);
	w->services = (struct fdg_services){ .table = { .mapped = 0 } };
	w->services_ours = error != -EFBIG && !fdg_services_parse(text, &w->services);
}

static size_t largest(enum fdg_world_file file)
{
	return file == FDG_WORLD_HOSTS || file == FDG_WORLD_SERVICES ? FDG_TABLE_TEXT_MAX : FDG_CONF_FILE_MAX;
}

/* nsswitch.conf as it was read first in this process, and the root directory of then. */
static struct {
	_Atomic int state; /* 0, being written, there */
	uint64_t device, inode;
	struct fdg_nss nss;
	bool ours;
} first_nss FDG_BIG;

enum { NOTHING, WRITTEN, THERE };

static bool stamp_root(struct fdg_file_stamp *ret)
{
	fdg_file_stamp("/", ret);
	return !ret->error;
}

static void note_nss(const struct fdg_world *w)
{
	struct fdg_file_stamp root;
	int nothing = NOTHING;

	if (atomic_load_explicit(&first_nss.state, memory_order_relaxed) != NOTHING || !stamp_root(&root) ||
	    !atomic_compare_exchange_strong(&first_nss.state, &nothing, WRITTEN))
		return;
	first_nss.device = root.device;
	first_nss.inode = root.inode;
	first_nss.nss = w->nss;
	first_nss.ours = w->nss_ours;
	atomic_store_explicit(&first_nss.state, THERE, memory_order_release);
}

/* After a chroot libc goes on with the file that it had, and does not look again. */
static bool is_in_jail(void)
{
	struct fdg_file_stamp root;

	return atomic_load_explicit(&first_nss.state, memory_order_acquire) == THERE && stamp_root(&root) &&
	       (root.device != first_nss.device || root.inode != first_nss.inode);
}

static bool keep_nss(struct fdg_world *w, bool known, uint64_t now)
{
	if (!is_in_jail())
		return false;
	if (!known) {
		w->nss = first_nss.nss;
		w->nss_ours = first_nss.ours;
	}
	w->looked[FDG_WORLD_NSS] = now;
	return true;
}

static void take(struct fdg_world *w, enum fdg_world_file file, struct fdg_text text, int error)
{
	switch (file) {
	case FDG_WORLD_RESOLV:
		read_resolv(w, text);
		break;
	case FDG_WORLD_HOSTS:
		read_hosts(w, text, error);
		break;
	case FDG_WORLD_NSS:
		w->nss_ours = fdg_nss_parse(text, &w->nss) && error != -EFBIG;
		note_nss(w);
		break;
	case FDG_WORLD_HOSTCONF:
		w->multi = fdg_hostconf_multi(text, fdg_text_variable("RESOLV_MULTI"));
		break;
	case FDG_WORLD_GAICONF:
		fdg_gaiconf_parse(text, &w->gai);
		break;
	default:
		read_services(w, text, error);
		break;
	}
}

/* What libc reads once in a process is not read again. */
static bool is_final(const struct fdg_world *w, enum fdg_world_file file)
{
	switch (file) {
	case FDG_WORLD_HOSTCONF:
		return true;
	case FDG_WORLD_GAICONF:
		return !w->gai.reload;
	case FDG_WORLD_RESOLV:
		return w->conf.options & FDG_CONF_NO_RELOAD;
	default:
		return false;
	}
}

static uint64_t believed(const struct fdg_world *w, enum fdg_world_file file)
{
	return file == FDG_WORLD_RESOLV || file == FDG_WORLD_HOSTS ? (uint64_t)w->believe_ms * 1000 : SECOND;
}

bool fdg_world_look(struct fdg_world *w, enum fdg_world_file file, uint64_t now)
{
	bool known = w->looked[file];
	struct fdg_file_stamp stamp;
	struct fdg_file *f = &w->reading;
	int error;

	if (known && (is_final(w, file) || now - w->looked[file] < believed(w, file)))
		return false;
	if (file == FDG_WORLD_NSS && keep_nss(w, known, now))
		return false;
	if (known) {
		fdg_file_stamp(paths[file], &stamp);
		w->looked[file] = now;
		if (fdg_file_same(&stamp, &w->stamp[file]))
			return false;
	}
	error = fdg_file_load(paths[file], largest(file), f);
	if ((error == -EMFILE || error == -ENFILE) && w->let_go) {
		w->let_go(w->cookie);
		error = fdg_file_load(paths[file], largest(file), f);
	}
	w->looked[file] = now;
	if (known && (error == -EMFILE || error == -ENFILE)) /* what is known is better than nothing */
		return false;
	w->stamp[file] = f->stamp;
	take(w, file, error ? (struct fdg_text){ "", 0 } : f->text, error);
	fdg_file_free(f);
	return true;
}

/* The world knows only the lines that are wanted. */
static void pick_hosts(struct fdg_world *w, const struct fdg_hosts_want *want)
{
	struct fdg_hosts_pick pick = { .want = *want };
	struct fdg_file *f = &w->reading;
	int error = fdg_file_read(paths[FDG_WORLD_HOSTS], FDG_TABLE_TEXT_MAX, f, fdg_hosts_pick_lines, &pick);

	if ((error == -EMFILE || error == -ENFILE) && w->let_go) {
		w->let_go(w->cookie);
		error = fdg_file_read(paths[FDG_WORLD_HOSTS], FDG_TABLE_TEXT_MAX, f, fdg_hosts_pick_lines, &pick);
	}
	error = error == -ECANCELED ? 0 : error;
	read_hosts(w, error ? (struct fdg_text){ "", 0 } : (struct fdg_text){ pick.text, pick.len }, error);
	fdg_hosts_pick_free(&pick);
	fdg_file_free(f);
}

static bool is_small(void)
{
	struct fdg_file_stamp stamp;

	fdg_file_stamp(paths[FDG_WORLD_HOSTS], &stamp);
	return stamp.error || stamp.size <= SMALL;
}

void fdg_world_hosts(struct fdg_world *w, const struct fdg_hosts_want *want, uint64_t now)
{
	if (w->frugal && !w->hosts_whole) {
		w->hosts_whole = w->hosts_asked && is_small();
		w->hosts_asked = true;
		if (!w->hosts_whole) {
			pick_hosts(w, want);
			return;
		}
	}
	fdg_world_look(w, FDG_WORLD_HOSTS, now);
	if (w->frugal &&
	    w->stamp[FDG_WORLD_HOSTS].size > SMALL) { /* it has grown: once more as a whole, and not again */
		w->hosts_whole = false;
		w->looked[FDG_WORLD_HOSTS] = 0;
	}
}

void fdg_world_scrap(struct fdg_world *w)
{
	int fd = w->reading.fd;

	/* Zeroed memory has not read anything yet. */
	w->reading.fd = -1;
	if (fd > 0)
		fdg_sys_close(fd);
}

void fdg_world_forget(struct fdg_world *w)
{
	fdg_hosts_free(&w->hosts);
	fdg_services_free(&w->services);
}
