# Where Linux, or qemu-xtensa in its place, starts the program, and how the program calls it.
#
# Functions obey the windowed calling convention: `entry` makes a frame and a new register window, in which the arguments of
# call8 (a10, a11, ... of the caller) are a2, a3, ...; the result goes back the same way.

	.text
	.literal_position
	.literal .Lport_main, port_main

# The kernel gives the stack: argc, argv[0..argc-1], 0, the environment's strings, 0.
	.p2align 2
	.global _start
_start:
	movi    a0, 0                   # no caller
	l32i    a10, a1, 0              # argc
	addi    a11, a1, 4              # argv
	movi    a8, -16
	and     a1, a1, a8
	addi    a1, a1, -64             # room for a window's registers above the first frame
	or      a12, a1, a1             # where the stack begins
	l32r    a8, .Lport_main
	callx8  a8
	or      a6, a10, a10
	movi    a2, 118                 # exit
	syscall
	ill

# int host_call(int number, int a, int b, int c): the kernel wants the arguments in a6, a3, a4.
	.p2align 2
	.global host_call
host_call:
	entry   a1, 32
	or      a6, a3, a3
	or      a3, a4, a4
	or      a4, a5, a5
	syscall
	retw.n
