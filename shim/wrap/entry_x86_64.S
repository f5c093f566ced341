/* SPDX-License-Identifier: MIT */
/*
 * Entries that cannot be C.
 *
 * vfork returns twice into its caller's frame. The child goes first and overwrites what lies below the caller's stack pointer, our return address
 * included: it is kept in a register (the kernel saves those for the parent) and pushed again. Depth rises before the call, so that the child is never without
 * it, and falls in the parent, which goes on when the child has exec'd or exited. The real vfork cannot be called from here: its own return
 * address would be overwritten the same way.
 *
 * syscall passes everything through with a jump, the arguments and the stack as they came: calls that return twice, or on another stack, work as if we were
 * not there. Only numbers of the table in syscall.c go to C.
 */

	.text

	.globl	vfork
	.type	vfork, @function
	.globl	__vfork
	.type	__vfork, @function
vfork:
__vfork:
	.cfi_startproc
	endbr64
	popq	%rdi
	.cfi_adjust_cfa_offset -8
	.cfi_register %rip, %rdi
	movq	fdg_vfork_depth@gottpoff(%rip), %rdx
	incl	%fs:(%rdx)
	movl	$58, %eax		/* SYS_vfork */
	syscall
	pushq	%rdi
	.cfi_adjust_cfa_offset 8
	testl	%eax, %eax
	jz	1f			/* the child */
	movq	fdg_vfork_depth@gottpoff(%rip), %rdx
	decl	%fs:(%rdx)
	pushq	%rax
	.cfi_adjust_cfa_offset 8
	movl	%eax, %edi
	call	fdg_vfork_returned
	popq	%rax
	.cfi_adjust_cfa_offset -8
	testl	%eax, %eax
	js	2f
1:	ret
2:	negl	%eax
	pushq	%rax
	.cfi_adjust_cfa_offset 8
	call	*__errno_location@GOTPCREL(%rip)
	popq	%rdx
	.cfi_adjust_cfa_offset -8
	movl	%edx, (%rax)
	movl	$-1, %eax
	ret
	.cfi_endproc
	.size	vfork, .-vfork
	.size	__vfork, .-__vfork

	.globl	syscall
	.type	syscall, @function
syscall:
	.cfi_startproc
	endbr64
	leaq	fdg_syscall_watched(%rip), %rax
	cmpq	$512, %rdi
	jae	3f
	cmpb	$0, (%rax,%rdi)
	jne	fdg_syscall
3:	jmp	*real_syscall(%rip)
	.cfi_endproc
	.size	syscall, .-syscall

/*
 * What real_x is before its first call: hands the address of the pointer to fdg_bind, and goes on to what it found with all arguments as they came. (Vector
 * registers are not saved: none of these calls takes a floating-point argument.)
 */
#define CALL(name, need) .globl fdg_stub_##name; .hidden fdg_stub_##name; .type fdg_stub_##name, @function; \
	fdg_stub_##name: endbr64; leaq real_##name(%rip), %r11; jmp bind;
#define TWIN(name, call)
#define OLD(name, call, version) CALL(name, need)
#include "calls.def"

	.type	bind, @function
bind:
	.cfi_startproc
	pushq	%rax			/* %al: vector arguments of a variadic call */
	pushq	%rdi
	pushq	%rsi
	pushq	%rdx
	pushq	%rcx
	pushq	%r8
	pushq	%r9
	.cfi_adjust_cfa_offset 56
	movq	%r11, %rdi
	call	fdg_bind
	movq	%rax, %r11
	popq	%r9
	popq	%r8
	popq	%rcx
	popq	%rdx
	popq	%rsi
	popq	%rdi
	popq	%rax
	.cfi_adjust_cfa_offset -56
	jmp	*%r11
	.cfi_endproc
	.size	bind, .-bind

	.section .note.GNU-stack, "", @progbits
