/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is typed into its console comes back, a line for each byte, in hexadecimal; `q` ends it. It sleeps until the console's interrupt where
 * the machine has one, and reads nothing before: without the interrupt it says nothing. A debugger that sets `quiet` finds what comes in
 * `saw`, and nothing of it comes back.
 */
void console_putc(char c);

volatile unsigned long received, quiet;
unsigned char saw[0x10000]; /* the last ones */

static void print_byte(unsigned int byte)
{
	console_putc("0123456789abcdef"[byte >> 4]);
	console_putc("0123456789abcdef"[byte & 15]);
	console_putc('\n');
}

#if defined(__aarch64__)
#define REG(address) (*(volatile unsigned int *)(address))
#define UART 0x09000000UL
#define DISTRIBUTOR 0x08000000UL
#define REDISTRIBUTOR 0x080a0000UL
#define INTERRUPT 33

/* SPI 1, of group 1, to the vCPU with affinity 0 (IHI 0069); it stays masked in PSTATE: WFI ends all the same. */
static void prepare(void)
{
	REG(REDISTRIBUTOR + 0x14) = 0; /* GICR_WAKER: awake */
	REG(DISTRIBUTOR) = 0x12;       /* GICD_CTLR: ARE_NS, group 1 */
	REG(DISTRIBUTOR + 0x84) = 2;   /* GICD_IGROUPR1 */
	REG(DISTRIBUTOR + 0x104) = 2;  /* GICD_ISENABLER1 */
	__asm__ volatile("msr s3_0_c12_c12_5, %0; isb; msr s3_0_c4_c6_0, %1; msr s3_0_c12_c12_7, %0; isb"
			 :
			 : "r"(7UL), "r"(0xf0UL));
	REG(UART + 0x2c) = 0x70; /* LCR_H: FIFOs */
	REG(UART + 0x38) = 0x50; /* IMSC: receive, timeout */
	REG(UART + 0x30) = 0x301;
}

static unsigned long acknowledge(void)
{
	unsigned long number;

	__asm__ volatile("wfi; mrs %0, s3_0_c12_c12_0; dsb sy" : "=r"(number)); /* ICC_IAR1_EL1 */
	return number;
}

static int next(void)
{
	while (REG(UART + 0x18) & 0x10) {
		while (acknowledge() != INTERRUPT)
			;
		__asm__ volatile("msr s3_0_c12_c12_1, %0" : : "r"((unsigned long)INTERRUPT)); /* ICC_EOIR1_EL1 */
	}
	return REG(UART) & 0xff;
}
#elif defined(__x86_64__)
#define COM1 0x3f8

static struct gate {
	unsigned short low, segment, type, middle;
	unsigned int high, none;
} __attribute__((aligned(16))) idt[0x25];

static volatile unsigned int interrupted;

static void out(unsigned short port, unsigned char value)
{
	__asm__ volatile("out %0, %1" : : "a"(value), "d"(port));
}

static unsigned char in(unsigned short port)
{
	unsigned char value;

	__asm__ volatile("in %1, %0" : "=a"(value) : "d"(port));
	return value;
}

__attribute__((interrupt)) static void on_interrupt(void *frame)
{
	(void)frame;
	interrupted = 1;
	out(0x20, 0x20);
}

/* The 8259 has IRQ 4 on vector 0x24, and nothing else; the local APIC passes it on as it is after a reset. */
static void prepare(void)
{
	static const unsigned char ports[] = { 0x20, 0x21, 0x21, 0x21, 0x21 }, values[] = { 0x11, 0x20, 0x04, 0x01, 0xef };
	unsigned long handler = (unsigned long)on_interrupt;
	struct {
		unsigned short limit;
		unsigned long base;
	} __attribute__((packed)) idtr = { sizeof(idt) - 1, (unsigned long)idt };
	unsigned short segment;

	__asm__ volatile("mov %%cs, %0" : "=r"(segment));
	idt[0x24] =
		(struct gate){ (unsigned short)handler, segment, 0x8e00, (unsigned short)(handler >> 16), handler >> 32, 0 };
	__asm__ volatile("lidt %0" : : "m"(idtr));
	for (unsigned int i = 0; i < sizeof(ports); i++)
		out(ports[i], values[i]);
	out(COM1 + 2, 0x81); /* FCR: FIFOs, eight bytes */
	out(COM1 + 4, 0x0b); /* MCR: DTR, RTS, OUT2 */
	out(COM1 + 1, 0x01); /* IER: received */
}

/* The line is an edge to the 8259: it goes low when nothing is left to be read. */
static int next(void)
{
	while (!(in(COM1 + 5) & 1)) {
		__asm__ volatile("cli" : : : "memory");
		while (!interrupted)
			__asm__ volatile("sti; hlt; cli" : : : "memory");
		interrupted = 0;
	}
	return in(COM1);
}
#elif defined(__riscv)
#define UART ((volatile unsigned char *)0x10000000UL)

/* There is no interrupt. */
static void prepare(void)
{
	UART[2] = 1;
}

static int next(void)
{
	while (!(UART[5] & 1))
		;
	return UART[0];
}
#else
/* There is no interrupt. H_GET_TERM_CHAR gives up to 16 bytes, the first one in the highest place. */
static unsigned long chars[2], count, taken;

static void prepare(void)
{
}

static void get_term_char(void)
{
	register unsigned long r3 __asm__("r3") = 0x54, r4 __asm__("r4") = 0, r5 __asm__("r5"), r6 __asm__("r6");

	__asm__ volatile("sc 1"
			 : "+r"(r3), "+r"(r4), "=r"(r5), "=r"(r6)
			 :
			 : "r0", "r7", "r8", "r9", "r10", "r11", "r12", "ctr", "cr0", "memory");
	count = r4;
	chars[0] = r5;
	chars[1] = r6;
	taken = 0;
}

static int next(void)
{
	while (taken == count)
		get_term_char();
	taken++;
	return chars[(taken - 1) / 8] >> (56 - 8 * ((taken - 1) % 8)) & 0xff;
}
#endif

void secondary(unsigned long cpu)
{
	(void)cpu;
	for (;;)
		;
}

int main(void)
{
	int byte;

	prepare();
	for (const char *c = "ready\n"; *c; c++)
		console_putc(*c);
	do {
		byte = next();
		saw[received++ % sizeof(saw)] = (unsigned char)byte;
		if (!quiet)
			print_byte((unsigned int)byte);
	} while (quiet || byte != 'q');
	return 0;
}
