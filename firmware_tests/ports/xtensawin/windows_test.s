# What windows.s promises, of every register and each kind of call: exit status 0, or which check has failed. Callers with
# known registers get them back, whatever they were overwritten with since, from windows that are spilled or are not.

	.text
	.literal_position
	.literal .Lcaller, caller
	.literal .Lspilled, spilled
	.literal .Lfrom4, from4
	.literal .Lfrom8, from8
	.literal .Lfrom12, from12
	.literal .Ldive, dive
	.literal .Lsetjmp, setjmp
	.literal .Llongjmp, longjmp
	.literal .Lspill, windows_spill
	.literal .Lenv, env

	.macro fill from
	movi    a2, \from + 2
	movi    a3, \from + 3
	.endm

	.macro fill_to_7 from
	fill    \from
	movi    a4, \from + 4
	movi    a5, \from + 5
	movi    a6, \from + 6
	movi    a7, \from + 7
	.endm

	.macro fill_to_11 from
	fill_to_7 \from
	movi    a8, \from + 8
	movi    a9, \from + 9
	movi    a10, \from + 10
	movi    a11, \from + 11
	.endm

	.macro expect register, value, status, free1, free2 # or return the status
	movi    \free1, \value
	movi    \free2, \status
	beq     \register, \free1, 1f
	or      a2, \free2, \free2
	retw.n
1:
	.endm

	.macro expect_to_3 from, free1, free2
	expect  a2, \from + 2, \from + 2, \free1, \free2
	expect  a3, \from + 3, \from + 3, \free1, \free2
	.endm

	.macro expect_to_7 from, free1, free2
	expect_to_3 \from, \free1, \free2
	expect  a4, \from + 4, \from + 4, \free1, \free2
	expect  a5, \from + 5, \from + 5, \free1, \free2
	expect  a6, \from + 6, \from + 6, \free1, \free2
	expect  a7, \from + 7, \from + 7, \free1, \free2
	.endm

	.macro run function, depth # from caller, whose registers are its own again after it
	fill_to_7 20
	movi    a10, \depth
	l32r    a8, \function
	callx8  a8
	expect  a10, 0, 19, a8, a9
	expect_to_7 20, a8, a9
	.endm

	.p2align 2
	.global _start
_start:
	movi    a0, 0
	movi    a8, -16
	and     a1, a1, a8
	addi    a1, a1, -64
	l32r    a8, .Lcaller
	callx8  a8
	or      a6, a10, a10
	movi    a2, 118                 # exit
	syscall
	ill

	.p2align 2
caller:
	entry   a1, 64
	run     .Lspilled, 0
	run     .Lfrom4, 0
	run     .Lfrom4, 9
	run     .Lfrom8, 0
	run     .Lfrom8, 9
	run     .Lfrom12, 0
	run     .Lfrom12, 9
	movi    a2, 0
	retw.n

# The caller's a2 is where the collector looks.
	.p2align 2
spilled:
	entry   a1, 32
	addi    a2, a1, -16
	movi    a3, 0
	s32i    a3, a2, 8
	l32r    a8, .Lspill
	callx8  a8
	l32i    a3, a2, 8
	expect  a3, 22, 18, a8, a9
	movi    a2, 0
	retw.n

	.p2align 2
from4:
	entry   a1, 64
	s32i    a2, a1, 0
	fill    40
	l32r    a6, .Lenv
	l32r    a4, .Lsetjmp
	callx4  a4
	bnez    a6, 2f
	l32i    a10, a1, 0
	fill_to_7 1000
	l32r    a8, .Ldive
	callx8  a8
2:	expect  a6, 5, 41, a4, a5
	expect_to_3 40, a4, a5
	movi    a2, 0
	retw.n

	.p2align 2
from8:
	entry   a1, 64
	s32i    a2, a1, 0
	fill_to_7 60
	l32r    a10, .Lenv
	l32r    a8, .Lsetjmp
	callx8  a8
	bnez    a10, 2f
	l32i    a10, a1, 0
	fill_to_7 1000
	l32r    a8, .Ldive
	callx8  a8
2:	expect  a10, 5, 61, a8, a9
	expect_to_7 60, a8, a9
	movi    a2, 0
	retw.n

	.p2align 2
from12:
	entry   a1, 96
	s32i    a2, a1, 0
	fill_to_11 80
	l32r    a14, .Lenv
	l32r    a12, .Lsetjmp
	callx12 a12
	bnez    a14, 2f
	l32i    a14, a1, 0
	fill_to_11 1000
	l32r    a12, .Ldive
	callx12 a12
2:	expect  a14, 5, 81, a12, a13
	expect_to_7 80, a12, a13
	expect  a8, 88, 88, a12, a13
	expect  a9, 89, 89, a12, a13
	expect  a10, 90, 90, a12, a13
	expect  a11, 91, 91, a12, a13
	movi    a2, 0
	retw.n

# longjmp(env, 5), from so many frames further down.
	.p2align 2
dive:
	entry   a1, 32
	beqz    a2, 1f
	addi    a10, a2, -1
	l32r    a8, .Ldive
	callx8  a8
1:	l32r    a10, .Lenv
	movi    a11, 5
	l32r    a8, .Llongjmp
	callx8  a8
	ill

	.bss
	.p2align 2
env:
	.space 13 * 4
