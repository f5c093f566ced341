// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stddef.h>

#include "guards/reuseport/migrate.h"
#include "guards/reuseport/migrate_parts.h"

#include "base/poison.h"

const char *fdg_migrate_why(const struct fdg_group *g)
{
	unsigned state = fdg_migrate_state_of(g);

	switch (state) {
	case FDG_MIGRATE_STEERED:
	case FDG_MIGRATE_MOVED:
		return "the program has a BPF program of its own on the group, or took ours off";
	case FDG_MIGRATE_PASSED:
		return "the listener was made by another program, which may have put a BPF program of its own on the group";
	case FDG_MIGRATE_UNSEEN:
		return "/proc does not tell who else listens there, and the group may have a BPF program of its own";
	case FDG_MIGRATE_REFUSED + EPERM:
		return "the kernel lets only those load a BPF program that have CAP_BPF";
	case FDG_MIGRATE_REFUSED + EACCES:
		return "the process runs in a seccomp filter, which may not allow bpf()";
	case FDG_MIGRATE_REFUSED + EINVAL:
	case FDG_MIGRATE_REFUSED + E2BIG:
		return "the kernel knows no BPF program that migrates connections (it takes Linux 5.14)";
	default:
		return state >= FDG_MIGRATE_REFUSED
			       ? "the kernel refuses to load a BPF program"
			       : "the group was there before fdguard, and may have a BPF program of its own";
	}
}

const char *fdg_migrate_mend(const struct fdg_group *g)
{
	switch (fdg_migrate_state_of(g)) {
	case FDG_MIGRATE_REFUSED + EPERM:
		return "run it with CAP_BPF (AmbientCapabilities=CAP_BPF in its unit)";
	case FDG_MIGRATE_PASSED:
		return "run the program that makes the listener with fdguard and reuseport=fix, too";
	case FDG_MIGRATE_OLDER:
	case FDG_MIGRATE_UNKNOWN:
		return "run all that listen there with fdguard and reuseport=fix, from their start";
	default:
		return NULL;
	}
}
