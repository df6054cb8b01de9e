/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions for a debugger to call, with arguments and values of every kind, in the calling convention with floating point. The guest turns
 * the processor's units on for them, and goes on from one stop() to the next.
 */
#define NOINLINE __attribute__((noipa))

struct pair {
	int x, y;
};

struct large {
	long at[6];
};

struct reals {
	double re, im;
};

struct pair pair = { 3, 4 };
struct large large = { { 1, 2, 3, 4, 5, 6 } };
struct reals reals = { 1.5, -2.5 };
float third = 0.25f;
volatile unsigned long stops, calls;

NOINLINE int square(int n)
{
	return n * n;
}

NOINLINE long sum(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j)
{
	return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j;
}

NOINLINE double half(double x)
{
	return x / 2;
}

NOINLINE float mix(int a, float b, double c, char d)
{
	return (float)(a + b * c - d);
}

NOINLINE int norm(struct pair p)
{
	return square(p.x) + square(p.y);
}

NOINLINE struct pair swap(struct pair p)
{
	return (struct pair){ p.y, p.x };
}

NOINLINE struct large scale(struct large l, long by)
{
	for (unsigned i = 0; i < sizeof(l.at) / sizeof(l.at[0]); i++)
		l.at[i] *= by;
	return l;
}

NOINLINE struct reals conjugate(struct reals r)
{
	return (struct reals){ r.re, -r.im };
}

NOINLINE unsigned long length(const char *text)
{
	unsigned long n = 0;

	while (text[n])
		n++;
	return n;
}

NOINLINE unsigned long factorial(unsigned long n)
{
	if (n <= 1)
		return 1;
	return n * factorial(n - 1);
}

/* These leave nothing as it was of what a caller has to do without. */
#if defined(__aarch64__)
NOINLINE long spoil(long n)
{
	__asm__ volatile(".irp n, 0,1,2,3,4,5,6,7,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n\tfmov d\\n, x0\n\t.endr\n\t"
			 "msr fpsr, x0\n\tmov x9, x0\n\tmov x10, x0\n\tmov x15, x0\n\tmov x17, x0"
			 :
			 : "r"(n)
			 : "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v16", "v17", "v18", "v19", "v20", "v21", "v22",
			 "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31", "x9", "x10", "x15", "x17");
	return n + 1;
}

static void turn_units_on(void)
{
	unsigned long id;

	__asm__ volatile("mrs %0, id_aa64pfr0_el1" : "=r"(id));
	id = id >> 32 & 15;
	__asm__ volatile("msr cpacr_el1, %0\n\tisb" : : "r"(3ul << 20 | (id ? 3ul << 16 : 0)));
	if (id)
		__asm__ volatile("msr s3_0_c1_c2_0, %0\n\tisb" : : "r"(15ul)); /* ZCR_EL1: the longest */
}

/* Of the vectors' whole length: bytes of it, times so many. */
__attribute__((target("+sve"))) NOINLINE unsigned long spoil_sve(unsigned long n)
{
	unsigned long bytes;

	__asm__ volatile(
		"setffr\n\tptrue p0.b\n\trdvl %0, #1\n\t"
		".irp n, 1,2,3,4,5,6,7,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n\tdup z\\n\\().d, %1\n\t.endr\n\t"
		".irp n, 1,2,3\n\twhilelo p\\n\\().b, xzr, %1\n\t.endr\n\twrffr p1.b"
		: "=&r"(bytes)
		: "r"(n)
		: "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24",
		"v25", "v26", "v27", "v28", "v29", "v30", "v31", "p0", "p1", "p2", "p3", "cc");
	return bytes * n;
}
#elif defined(__x86_64__)
NOINLINE long spoil(long n)
{
	__asm__ volatile(".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\tmovq %0, %%xmm\\n\n\t.endr\n\t"
			 "mov %0, %%r8\n\tmov %0, %%r9\n\tmov %0, %%r10\n\tmov %0, %%r11\n\tmov %0, %%rcx\n\tmov %0, %%rdx\n\t"
			 "fldpi\n\tfld1\n\tfaddp\n\tfstp %%st(0)"
			 :
			 : "S"(n)
			 : "r8", "r9", "r10", "r11", "rcx", "rdx", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
			 "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
	return n + 1;
}

static void turn_units_on(void)
{
}
#elif defined(__i386__)
NOINLINE long spoil(long n)
{
	__asm__ volatile("mov %0, %%ecx\n\tmov %0, %%edx\n\tfldpi\n\tfld1\n\tfaddp\n\tfstp %%st(0)"
			 :
			 : "S"(n)
			 : "ecx", "edx", "cc");
	return n + 1;
}

static void turn_units_on(void)
{
}
#elif defined(__riscv)
NOINLINE long spoil(long n)
{
	__asm__ volatile(".irp n, 0,1,2,3,4,5,6,7,10,11,12,13,14,15,16,17,28,29,30,31\n\tfmv.d.x f\\n, %0\n\t.endr\n\t"
			 "fscsr %0\n\tmv t0, %0\n\tmv t1, %0\n\tmv t6, %0\n\tmv a7, %0"
			 :
			 : "r"(n)
			 : "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "fa0", "fa1", "fa2", "fa3", "fa4", "fa5",
			 "fa6", "fa7", "ft8", "ft9", "ft10", "ft11", "t0", "t1", "t6", "a7");
	return n + 1;
}

static void turn_units_on(void)
{
	__asm__ volatile("csrs sstatus, %0\n\tfscsr zero" : : "r"(1ul << 13));
}
#elif defined(__powerpc64__)
NOINLINE long spoil(long n)
{
	__asm__ volatile(".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,32,33,34,35,36,37,51\n\tmtvsrd \\n, %0\n\t.endr\n\t"
			 "mtctr %0\n\tmtcrf 0xff, %0\n\tmr 0, %0\n\tmr 11, %0\n\tmr 12, %0\n\tmtxer %0"
			 :
			 : "r"(n)
			 : "fr0", "fr1", "fr2", "fr3", "fr4", "fr5", "fr6", "fr7", "fr8", "fr9", "fr10", "fr11", "fr12", "fr13",
			 "v0", "v1", "v2", "v3", "v4", "v5", "v19", "ctr", "cr0", "cr1", "cr5", "cr6", "cr7", "r0", "r11",
			 "r12", "xer");
	return n + 1;
}

/* MSR: VEC, VSX, FP */
static void turn_units_on(void)
{
	unsigned long msr;

	__asm__ volatile("mfmsr %0" : "=r"(msr));
	__asm__ volatile("mtmsrd %0" : : "r"(msr | 1ul << 25 | 1ul << 23 | 1ul << 13));
}
#endif

NOINLINE long nest(long n)
{
	long before = sum(n, 0, 0, 0, 0, 0, 0, 0, 0, n), after = (long)factorial((unsigned long)n);

	calls++;
	return before + after + norm(swap(pair));
}

NOINLINE void stop(void)
{
	stops++;
}

void secondary(unsigned long cpu)
{
	(void)cpu;
}

int main(void)
{
	turn_units_on();
	for (int i = 0; i < 3; i++)
		stop();
	return 0;
}
