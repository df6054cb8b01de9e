/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accesses to the console by instructions whose syndrome does not describe them: with writeback, and of pairs. Prints "ABCDEF" and a
 * newline if each of them has done what it should; then one that is nobody's to carry out, and the end.
 */
	.globl	_start, post, pair, read, vector, nowhere
	.text
_start:	mov	x1, #0x09000000
	mov	w0, #'A'
	str	w0, [x1]
	mov	w0, #'B'
post:	str	w0, [x1], #0x18		/* DR; x1 is at FR now */
read:	ldr	w2, [x1, #0x14]!	/* IMSC is at 0x38, this is 0x2c: LCR_H, 0 */
	add	w0, w2, #'C'
	strb	w0, [x1, #-0x2c]!	/* back at DR */
	mov	w0, #'D'
	mov	w3, #0
pair:	stp	w0, w3, [x1]		/* DR, and RSR behind it */
	ldp	w4, w5, [x1, #0x18]	/* FR: 0x90, and what is not there: 0 */
	sub	w0, w4, #0x90 - 'E'
	add	w0, w0, w5
	str	w0, [x1]
	mov	sp, x1
	mov	w0, #'F'
	str	w0, [sp], #16
	mov	x6, sp
	sub	x6, x6, x1
	sub	w0, w6, #6		/* a newline */
	str	w0, [x1]
	mov	x7, #0x0b000000
nowhere: str	w0, [x7], #8
	mov	x0, #3 << 20		/* CPACR_EL1.FPEN */
	msr	cpacr_el1, x0
	isb
	movi	v0.4s, #'G'
vector:	str	q0, [x1], #0
	mov	x0, #0x84000000
	add	x0, x0, #8		/* PSCI SYSTEM_OFF */
	hvc	#0
