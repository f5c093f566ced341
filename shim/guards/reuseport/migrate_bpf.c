// SPDX-License-Identifier: MIT
#include "guards/reuseport/migrate_bpf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/fmt.h"
#include "base/judged.h"
#include "base/sys.h"
#include "guards/reuseport/migrate.h"

#include "base/poison.h"

#ifndef SO_ATTACH_REUSEPORT_EBPF
#define SO_ATTACH_REUSEPORT_EBPF 52
#endif
#ifndef CAP_BPF
#define CAP_BPF 39
#endif

/* The number behind a word of /proc/self/status. */
static uint64_t number_after(const char *status, const char *word, unsigned base)
{
	const char *at = strstr(status, word);
	uint64_t v = 0;

	for (at = at ? at + strlen(word) : ""; *at == ' ' || *at == '\t'; at++)
		;
	for (; (*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'f'); at++)
		v = v * base + (uint64_t)(*at <= '9' ? *at - '0' : *at - 'a' + 10);
	return v;
}

/* Our supervisor's filter refuses nothing. */
static bool is_only_supervised(void)
{
	long r = fdg_sys2(SYS_prctl, PR_GET_SECCOMP, FDG_PROBE);

	return r > 0 && (r & FDG_PROBE_ALONE);
}

/* False: /proc does not tell. */
static bool ask_status(uint64_t *ret_capabilities, bool *ret_filtered)
{
	char status[2048];
	int file = fdg_sys_open("/proc/thread-self/status", O_RDONLY | O_CLOEXEC, 0);
	long n = file < 0 ? 0 : fdg_sys_read(file, status, sizeof(status) - 1);

	if (file >= 0)
		fdg_sys_close(file);
	status[n > 0 ? n : 0] = '\0';
	if (!strstr(status, "\nSeccomp:")) /* cut off, or a kernel that has no such thing */
		return false;
	*ret_capabilities = number_after(status, "\nCapEff:", 16);
	*ret_filtered = number_after(status, "\nSeccomp:", 10) != 0 && !is_only_supervised();
	return true;
}

/* A seccomp filter may end the process for bpf(): with one, or without the capability, it is not called. 0, or a negative errno. */
static int may_call(uint64_t capabilities)
{
	uint64_t has;
	bool filtered;

	if (!ask_status(&has, &filtered) || !(has & capabilities))
		return -EPERM;
	return filtered ? -EACCES : 0;
}

bool fdg_migrate_in_filter(void)
{
	uint64_t has;
	bool filtered;

	return !ask_status(&has, &filtered) || filtered;
}

static long bpf(int command, union bpf_attr *a)
{
	return fdg_sys3(SYS_bpf, command, a, sizeof(*a));
}

/* The kernel takes letters, digits, '_' and '.'. */
static void put_name(char ret[BPF_OBJ_NAME_LEN], const struct fdg_group *g)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.";
	struct fdg_buf b = { ret, 0, BPF_OBJ_NAME_LEN, false };
	uint64_t h = fdg_group_hash(g);

	fdg_put(&b, "fdg_");
	for (int i = 0; i < 11; i++, h >>= 6)
		fdg_put_char(&b, digits[h & 63]);
}

/* return SK_PASS: of all members, as the kernel would choose. */
static int load(const struct fdg_group *g)
{
	static const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = SK_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.prog_type = BPF_PROG_TYPE_SK_REUSEPORT;
	a.expected_attach_type = BPF_SK_REUSEPORT_SELECT_OR_MIGRATE;
	a.insns = (uintptr_t)program;
	a.insn_cnt = sizeof(program) / sizeof(*program);
	a.license = (uintptr_t) "MIT";
	put_name(a.prog_name, g);
	return (int)bpf(BPF_PROG_LOAD, &a);
}

bool fdg_migrate_may_load(void)
{
	return may_call(UINT64_C(1) << CAP_BPF | UINT64_C(1) << CAP_SYS_ADMIN) == 0;
}

int fdg_migrate_attach(int fd, const struct fdg_group *g)
{
	int r = may_call(UINT64_C(1) << CAP_BPF | UINT64_C(1) << CAP_SYS_ADMIN), program;

	program = r < 0 ? r : load(g);
	if (program < 0)
		return program;
	r = (int)fdg_sys5(SYS_setsockopt, fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, &program, sizeof(program));
	fdg_sys_close(program);
	return r;
}

static bool is_named(unsigned id, const char *name)
{
	struct bpf_prog_info info;
	union bpf_attr a;
	int program;
	long r;

	memset(&a, 0, sizeof(a));
	a.prog_id = id;
	program = (int)bpf(BPF_PROG_GET_FD_BY_ID, &a);
	if (program < 0)
		return false;
	memset(&a, 0, sizeof(a));
	memset(&info, 0, sizeof(info));
	a.info.bpf_fd = (unsigned)program;
	a.info.info_len = sizeof(info);
	a.info.info = (uintptr_t)&info;
	r = bpf(BPF_OBJ_GET_INFO_BY_FD, &a);
	fdg_sys_close(program);
	return r == 0 && info.type == BPF_PROG_TYPE_SK_REUSEPORT && strncmp(info.name, name, sizeof(info.name)) == 0;
}

/* Among all programs of the machine. */
static int search(const char *name, unsigned *ret_id)
{
	union bpf_attr a;
	unsigned id = 0;
	long r;

	for (;; id = a.next_id) {
		memset(&a, 0, sizeof(a));
		a.start_id = id;
		r = bpf(BPF_PROG_GET_NEXT_ID, &a);
		if (r < 0)
			return r == -ENOENT ? 0 : (int)r;
		if (is_named(a.next_id, name)) {
			*ret_id = a.next_id;
			return 1;
		}
	}
}

int fdg_bpf_find(const struct fdg_group *g, unsigned *id)
{
	char name[BPF_OBJ_NAME_LEN];
	int r = may_call(UINT64_C(1) << CAP_SYS_ADMIN);

	if (r < 0)
		return r;
	put_name(name, g);
	if (*id && is_named(*id, name))
		return 1;
	return search(name, id);
}
