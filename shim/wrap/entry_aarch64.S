/* SPDX-License-Identifier: MIT */
/*
 * Entries that cannot be C: see entry_x86_64.S for why. Here the return address is in x30, which the kernel keeps for the parent; there is no vfork
 * system call, clone(CLONE_VM | CLONE_VFORK | SIGCHLD) is one.
 */

	.text

	.macro	depth_address reg
	mrs	x9, tpidr_el0
	adrp	\reg, :gottprel:fdg_vfork_depth
	ldr	\reg, [\reg, #:gottprel_lo12:fdg_vfork_depth]
	add	\reg, \reg, x9
	.endm

	.globl	vfork
	.type	vfork, %function
	.globl	__vfork
	.type	__vfork, %function
vfork:
__vfork:
	.cfi_startproc
	hint	34			/* bti c */
	depth_address x10
	ldr	w11, [x10]
	add	w11, w11, #1
	str	w11, [x10]
	mov	x0, #0x4111		/* CLONE_VM | CLONE_VFORK | SIGCHLD */
	mov	x1, #0
	mov	x2, #0
	mov	x3, #0
	mov	x4, #0
	mov	x8, #220		/* SYS_clone */
	svc	#0
	cbz	w0, 1f			/* the child */
	depth_address x10
	ldr	w11, [x10]
	sub	w11, w11, #1
	str	w11, [x10]
	stp	x0, x30, [sp, #-16]!
	bl	fdg_vfork_returned
	ldp	x0, x30, [sp], #16
	tbnz	w0, #31, 2f
1:	ret
2:	b	fail
	.cfi_endproc
	.size	vfork, .-vfork
	.size	__vfork, .-__vfork

	/* x0 holds a negative errno; x30 our caller. */
	.type	fail, %function
fail:
	.cfi_startproc
	stp	x29, x30, [sp, #-32]!
	.cfi_def_cfa_offset 32
	.cfi_offset 29, -32
	.cfi_offset 30, -24
	neg	w0, w0
	str	w0, [sp, #16]
	bl	__errno_location
	ldr	w1, [sp, #16]
	str	w1, [x0]
	ldp	x29, x30, [sp], #32
	.cfi_def_cfa_offset 0
	mov	x0, #-1
	ret
	.cfi_endproc
	.size	fail, .-fail

	.globl	syscall
	.type	syscall, %function
syscall:
	.cfi_startproc
	hint	34
	cmp	x0, #512
	b.hs	3f
	adrp	x16, fdg_syscall_watched
	add	x16, x16, :lo12:fdg_syscall_watched
	ldrb	w17, [x16, x0]
	cbnz	w17, fdg_syscall
3:	adrp	x16, real_syscall
	ldr	x16, [x16, :lo12:real_syscall]
	br	x16
	.cfi_endproc
	.size	syscall, .-syscall

/*
 * What real_x is before its first call: see entry_x86_64.S.
 */
#define CALL(name, need) .globl fdg_stub_##name; .hidden fdg_stub_##name; .type fdg_stub_##name, %function; \
	fdg_stub_##name: hint 34; adrp x16, real_##name; add x16, x16, :lo12:real_##name; b bind;
#define TWIN(name, call)
#define OLD(name, call, version) CALL(name, need)
#include "calls.def"

	.type	bind, %function
bind:
	.cfi_startproc
	stp	x29, x30, [sp, #-96]!
	.cfi_def_cfa_offset 96
	.cfi_offset 29, -96
	.cfi_offset 30, -88
	stp	x0, x1, [sp, #16]
	stp	x2, x3, [sp, #32]
	stp	x4, x5, [sp, #48]
	stp	x6, x7, [sp, #64]
	str	x8, [sp, #80]
	mov	x0, x16
	bl	fdg_bind
	mov	x16, x0
	ldp	x0, x1, [sp, #16]
	ldp	x2, x3, [sp, #32]
	ldp	x4, x5, [sp, #48]
	ldp	x6, x7, [sp, #64]
	ldr	x8, [sp, #80]
	ldp	x29, x30, [sp], #96
	.cfi_def_cfa_offset 0
	br	x16
	.cfi_endproc
	.size	bind, .-bind

	.section .note.GNU-stack, "", %progbits
