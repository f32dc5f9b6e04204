# setjmp and longjmp with register windows.
#
# The registers of a caller live in the register file until its window is needed by someone else; only then are they stored
# ("spilled"), at fixed places in the stack, from where the return loads them again:
#
#   a0..a3   of a function: at sp-16 of the function that it called
#   a4..a7   (a4..a11 after a call12): at the top of its own frame, which ends 16 bytes below the sp of its caller
#
# So setjmp spills everything and copies those places for its caller, F: F's a0..a3, and F's a4.. if F made the call with
# call8 or call12. longjmp spills everything, puts that back, and returns: the return loads F's registers as they were.
# What F's own return will load is not touched while F runs.
#
# jmp_buf: 0 F's a0..a3, 16 F's a4..a11, 48 return address; its two top bits are the call's size / 4.

	.text
	.literal_position
	.literal .Lspill, windows_spill
	.literal .Ldeeper, deeper

# void windows_spill(void): every window but the current one. A file has up to 64 registers (QEMU's core: 32), a call8 takes 8.
	.p2align 2
	.global windows_spill
windows_spill:
	entry   a1, 32
	movi    a10, 9
	l32r    a8, .Ldeeper
	callx8  a8
	retw.n

	.p2align 2
deeper:
	entry   a1, 32
	beqz    a2, 1f
	addi    a10, a2, -1
	l32r    a8, .Ldeeper
	callx8  a8
1:	retw.n

# int setjmp(jmp_buf env)
	.p2align 2
	.global setjmp
setjmp:
	entry   a1, 32
	l32r    a8, .Lspill
	callx8  a8
	s32i    a0, a2, 48
	addi    a6, a1, -16             # F's a0..a3
	l32i    a3, a6, 0
	l32i    a4, a6, 4               # F's sp
	s32i    a3, a2, 0
	s32i    a4, a2, 4
	l32i    a3, a6, 8
	l32i    a5, a6, 12
	s32i    a3, a2, 8
	s32i    a5, a2, 12
	addi    a6, a4, -16             # those of F's caller
	l32i    a7, a6, 4               # its sp
	extui   a3, a0, 30, 2           # 1, 2, 3: call4, call8, call12
	slli    a3, a3, 4
	sub     a5, a7, a3              # F's a4.., up to 16 bytes below that sp; after call4 a word that never changes
	addi    a7, a7, -16
	addi    a6, a2, 16
1:	l32i    a3, a5, 0
	s32i    a3, a6, 0
	addi    a5, a5, 4
	addi    a6, a6, 4
	blt     a5, a7, 1b
	movi    a2, 0
	retw.n

# void longjmp(jmp_buf env, int value): the value is not 0.
	.p2align 2
	.global longjmp
longjmp:
	entry   a1, 32
	l32r    a8, .Lspill
	callx8  a8
	l32i    a0, a2, 48
	addi    a6, a1, -16
	l32i    a4, a2, 0
	l32i    a5, a2, 4
	s32i    a4, a6, 0
	s32i    a5, a6, 4
	l32i    a4, a2, 8
	l32i    a7, a2, 12
	s32i    a4, a6, 8
	s32i    a7, a6, 12
	addi    a6, a5, -16
	l32i    a7, a6, 4
	extui   a4, a0, 30, 2
	slli    a4, a4, 4
	sub     a5, a7, a4
	addi    a7, a7, -16
	addi    a6, a2, 16
1:	l32i    a4, a6, 0
	s32i    a4, a5, 0
	addi    a5, a5, 4
	addi    a6, a6, 4
	blt     a5, a7, 1b
	or      a2, a3, a3
	retw.n
