/* SPDX-License-Identifier: BSD-2-Clause */
/* A VMM of 32 bits, which needs no library: a VM, a vCPU with no memory, and KVM_RUN again and again, a hundred times a second. */

enum {
	EXIT = 1,
	OPEN = 5,
	IOCTL = 54,
	NANOSLEEP = 162
}; /* <asm/unistd_32.h> */
enum {
	READ_WRITE = 2,
	CREATE_VM = 0xae01,
	CREATE_VCPU = 0xae41,
	RUN = 0xae80
}; /* <fcntl.h>, <linux/kvm.h> */

static long call(long nr, long a, long b, long c)
{
	__asm__ volatile("int $0x80" : "+a"(nr) : "b"(a), "c"(b), "d"(c) : "memory");
	return nr;
}

void _start(void)
{
	static const long moment[2] = { 0, 10000000 };
	long kvm = call(OPEN, (long)"/dev/kvm", READ_WRITE, 0);
	long vm = call(IOCTL, kvm, CREATE_VM, 0);
	long vcpu = call(IOCTL, vm, CREATE_VCPU, 0);

	while (vcpu >= 0) {
		call(IOCTL, vcpu, RUN, 0);
		call(NANOSLEEP, (long)moment, 0, 0);
	}
	call(EXIT, 1, 0, 0);
	__builtin_unreachable();
}
