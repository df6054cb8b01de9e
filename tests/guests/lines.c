/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest for other VMMs: its console has numbers, a line each, none of which may be missing. Another vCPU counts, where it is started. */

#define NOINLINE __attribute__((noipa))

void console_putc(char c);
void start_cpu(unsigned long cpu);

volatile unsigned long turns, others;

NOINLINE void turn(void)
{
	turns++;
}

NOINLINE void print_line(unsigned int n)
{
	for (int shift = 28; shift >= 0; shift -= 4)
		console_putc("0123456789abcdef"[n >> shift & 15]);
	console_putc('\n');
}

void secondary(unsigned long cpu)
{
	(void)cpu;
	for (;;)
		others++;
}

int main(void)
{
	start_cpu(1);
	for (unsigned int n = 0;; n++) {
		print_line(n);
		turn();
	}
	return 0;
}
