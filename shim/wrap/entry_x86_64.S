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
3:	movq	real_syscall(%rip), %rax
	testq	%rax, %rax
	jz	4f
	jmp	*%rax
	/* Called before anything was bound: what libc does. */
4:	movq	%rdi, %rax
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	movq	%rcx, %rdx
	movq	%r8, %r10
	movq	%r9, %r8
	movq	8(%rsp), %r9
	syscall
	cmpq	$-4095, %rax
	jae	5f
	ret
5:	negl	%eax
	pushq	%rax
	.cfi_adjust_cfa_offset 8
	call	*__errno_location@GOTPCREL(%rip)
	popq	%rdx
	.cfi_adjust_cfa_offset -8
	movl	%edx, (%rax)
	movq	$-1, %rax
	ret
	.cfi_endproc
	.size	syscall, .-syscall

	.section .note.GNU-stack, "", @progbits
