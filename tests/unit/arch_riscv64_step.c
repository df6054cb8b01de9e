/* SPDX-License-Identifier: BSD-2-Clause */
/* Where each kind of riscv64 instruction leads. The encodings are the GNU assembler's. */
#include "arch/riscv64.h"
#include "fake_vcpu.h"
#include "tap.h"

#define PC 0xffffffff80200000ull

/* Registers that the cases name. */
enum {
	RA = 1,
	T0 = 5,
	S0 = 8,
	S1 = 9,
	A0 = 10,
	A1 = 11,
	A5 = 15,
	T6 = 31
};

static struct fake_vcpu f;
static uint64_t next[ARCH_SUCCESSORS];

static void set(uint64_t key, uint64_t value)
{
	fake_set(&f.view, key, value);
}

static void start(void)
{
	fake_init(&f, 0, 0x100000);
	for (unsigned n = 1; n < 32; n++)
		if (n < 20 || n == T6) /* as many as the fake has room for */
			set(RV_X(n), 0x1000 * n);
	set(RV_MODE, 1);
	set(RV_STVEC, 0xffffffff80001001);
	set(RV_SEPC, 0x12344);
}

static int successors(const void *code, size_t len)
{
	memset(next, 0xff, sizeof(next));
	return riscv64_successors(&f.view, PC, code, len, next);
}

/* One instruction, one way on. */
static void leads(uint32_t insn, uint64_t to, const char *name)
{
	int n = successors(&insn, (insn & 3) == 3 ? 4 : 2);

	if (!ok(n == 1 && next[0] == to, "%s", name))
		printf("# got %d: 0x%" PRIx64 "\n", n, next[0]);
}

static void test_straight(void)
{
	leads(0x00150513, PC + 4, "addi");
	leads(0x00100073, PC + 4, "ebreak of the guest's own");
	leads(0x10500073, PC + 4, "wfi");
	leads(0x00b6252f, PC + 4, "amoadd.w");
	leads(0x08b6352f, PC + 4, "amoswap.d");
	leads(0x1ab5262f, PC + 4, "sc.w without its lr");
	leads(0x0c05f557, PC + 4, "vsetvli");
	leads(0x0001, PC + 2, "c.nop");
	leads(0x9002, PC + 2, "c.ebreak");
	leads(0x852e, PC + 2, "c.mv");
	leads(0x952e, PC + 2, "c.add");
	leads(0x2505, PC + 2, "c.addiw, which is c.jal on RV32");
	leads(0x6522, PC + 2, "c.ldsp");
	leads(0xa42a, PC + 2, "c.fsdsp");
}

static void test_jumps(void)
{
	leads(0x7ffff0ef, PC + 0xffffe, "jal: farthest on");
	leads(0x8000006f, PC - 0x100000, "jal: farthest back");
	leads(0x5540006f, PC + 0x554, "jal: every other bit");
	leads(0x2abaa06f, PC + 0xaaaaa, "jal: the other bits");
	leads(0x0000006f, PC, "jal to itself");
	leads(0x80050067, 0xa000 - 2048, "jalr: farthest back");
	leads(0x7ff280e7, 0x5000 + 2046, "jalr: farthest on, and bit 0 is dropped");
	leads(0x00000067, 0, "jalr by zero");
	leads(0xaffd, PC + 2046, "c.j: farthest on");
	leads(0xb001, PC - 2048, "c.j: farthest back");
	leads(0xab91, PC + 0x554, "c.j: every other bit");
	leads(0xa46d, PC + 0x2aa, "c.j: the other bits"); /* of 10..1 */
	leads(0x8082, 0x1000, "c.jr: ret");
	leads(0x9f82, 0x1f000, "c.jalr");
}

/* The same branch with a and b in its registers: taken or not. */
static void branches(uint32_t insn, unsigned ra, uint64_t a, unsigned rb, uint64_t b, int64_t offset, const char *name)
{
	uint64_t behind = PC + ((insn & 3) == 3 ? 4 : 2);

	set(RV_X(ra), a);
	if (rb)
		set(RV_X(rb), b);
	leads(insn, offset ? PC + offset : behind, name);
}

static void test_branches(void)
{
	branches(0x7eb50fe3, A0, 7, A1, 7, 4094, "beq: taken, farthest on");
	branches(0x7eb50fe3, A0, 7, A1, 8, 0, "beq: not taken");
	branches(0x80b51063, A0, 7, A1, 8, -4096, "bne: taken, farthest back");
	branches(0x80b51063, A0, 7, A1, 7, 0, "bne: not taken");
	branches(0x54b54a63, A0, -1, A1, 0, 0x554, "blt: taken, signed");
	branches(0x54b54a63, A0, 0, A1, -1, 0, "blt: not taken");
	branches(0x54b54a63, A0, 5, A1, 5, 0, "blt: not taken when equal");
	branches(0x2ab555e3, A0, 5, A1, 5, 0xaaa, "bge: taken when equal");
	branches(0x2ab555e3, A0, -1, A1, 0, 0, "bge: not taken");
	branches(0x00b56863, A0, 0, A1, -1, 16, "bltu: taken, unsigned");
	branches(0x00b56863, A0, -1, A1, 0, 0, "bltu: not taken");
	branches(0x00b57863, A0, -1, A1, 0, 16, "bgeu: taken");
	branches(0x00b57863, A0, 0, A1, -1, 0, "bgeu: not taken");
	branches(0x00051463, A0, 1, 0, 0, 8, "bnez: taken");
	branches(0x00051463, A0, 0, 0, 0, 0, "bnez: not taken");
	branches(0xcc7d, S0, 0, 0, 0, 254, "c.beqz: taken, farthest on");
	branches(0xcc7d, S0, 1, 0, 0, 0, "c.beqz: not taken");
	branches(0xd381, A5, 0, 0, 0, -256, "c.beqz: farthest back");
	branches(0xe8b1, S1, 1, 0, 0, 0x54, "c.bnez: taken");
	branches(0xe8b1, S1, 0, 0, 0, 0, "c.bnez: not taken");
	branches(0xe54d, A0, 1, 0, 0, 0xaa, "c.bnez: the other bits");
}

static void test_privilege(void)
{
	leads(0x10200073, 0x12344, "sret");
	leads(0x00000073, PC + 4, "ecall from S is KVM's");
	set(RV_MODE, 0);
	leads(0x00000073, 0xffffffff80001000, "ecall from U leads to stvec");
}

/* A sequence, and all the ways on from its lr. */
static void sequence(const uint32_t *code, size_t size, int want, const uint64_t *to, const char *name)
{
	int n = successors(code, size);

	if (!ok(n == want && !memcmp(next, to, want * sizeof(*to)), "%s", name))
		printf("# got %d: 0x%" PRIx64 ", 0x%" PRIx64 "\n", n, next[0], next[1]);
}

#define LR_W 0x140525af
#define SC_W 0x1ab5262f
#define LR_D 0x100535af
#define SC_D 0x18b5362f
#define ADDI 0x00150513
#define BNEZ(a) ((a) << 8 | 0x00051063)			/* a0, to pc + 2 * a, a < 16 */
#define BACK(a) (0xfe051063 | (16 - (a)) << 8 | 1 << 7) /* bnez a0, back by 2 * a */

static void test_sequences(void)
{
	static const uint32_t swap[] = { LR_W, ADDI, SC_W, BACK(6) };
	static const uint32_t twice[] = { LR_D, SC_D };
	static const uint32_t compare[] = { LR_W, BNEZ(8), ADDI, SC_W, BACK(8), ADDI };
	static const uint32_t spin[] = { LR_W, BACK(2), SC_W, BACK(6) };
	static const uint32_t skips[] = { LR_W, BNEZ(4), ADDI, SC_W };
	static const uint32_t jumps[] = { LR_W, 0x0080006f, SC_W };
	static const uint32_t again[] = { LR_W, LR_W, SC_W };
	static const uint32_t compressed[] = { LR_W, 0xe1110001, SC_W }; /* c.nop; c.bnez a0, .+4 */
	uint32_t longest[17] = { LR_W },
		 all[] = { LR_W, BACK(4), BACK(6), BACK(8), BACK(10), BACK(12), BACK(14), BACK(15), SC_W };

	sequence(swap, sizeof(swap), 1, (uint64_t[]){ PC + 12 }, "lr, addi, sc");
	sequence(twice, sizeof(twice), 1, (uint64_t[]){ PC + 8 }, "lr.d, sc.d");
	sequence(compare, sizeof(compare), 2, (uint64_t[]){ PC + 16, PC + 20 }, "compare and swap: the branch out");
	sequence(spin, sizeof(spin), 1, (uint64_t[]){ PC + 12 }, "a spinlock: a branch back to lr stays inside");
	sequence(skips, sizeof(skips), 1, (uint64_t[]){ PC + 16 }, "a branch inside");
	sequence(jumps, sizeof(jumps), 1, (uint64_t[]){ PC + 4 }, "a jump in it: no sequence");
	sequence(again, sizeof(again), 1, (uint64_t[]){ PC + 4 }, "another lr in it: no sequence");
	sequence(compressed, sizeof(compressed), 1, (uint64_t[]){ PC + 12 }, "compressed instructions in it");
	sequence(swap, 8, 1, (uint64_t[]){ PC + 4 }, "memory ends before sc");
	for (unsigned i = 1; i < 16; i++)
		longest[i] = ADDI;
	longest[15] = SC_W;
	sequence(longest, sizeof(longest), 1, (uint64_t[]){ PC + 64 }, "16 instructions");
	longest[15] = ADDI;
	longest[16] = SC_W;
	sequence(longest, sizeof(longest), 1, (uint64_t[]){ PC + 4 }, "17 are too many");
	sequence(all, sizeof(all), 8, (uint64_t[]){ PC + 36, PC - 4, PC - 4, PC - 4, PC - 4, PC - 4, PC - 4, PC - 2 },
		"eight ways out");
}

static void test_bad(void)
{
	static const uint8_t full[] = { 0x13, 0x05, 0x15, 0x00 }, longer[] = { 0x1f, 0, 0, 0, 0, 0 };

	is_int(successors(full, 0), -EOPNOTSUPP, "nothing there");
	is_int(successors(full, 1), -EOPNOTSUPP, "half a parcel");
	is_int(successors(full, 2), -EOPNOTSUPP, "half an instruction");
	is_int(successors(full, 3), -EOPNOTSUPP, "three quarters of one");
	is_int(successors(longer, sizeof(longer)), -EOPNOTSUPP, "48 bits");
	f.nregs = 0;
	is_int(successors(&(uint32_t){ 0x00b56863 }, 4), -ENOENT, "a branch whose registers cannot be read");
	is_int(successors(&(uint32_t){ 0x80050067 }, 4), -ENOENT, "jalr, the same");
	is_int(successors(&(uint32_t){ 0x10200073 }, 4), -ENOENT, "sret, the same");
	is_int(successors(&(uint32_t){ 0x00000073 }, 4), -ENOENT, "ecall, the same");
}

int main(void)
{
	start();
	test_straight();
	test_jumps();
	test_branches();
	test_privilege();
	test_sequences();
	test_bad();
	return done();
}
