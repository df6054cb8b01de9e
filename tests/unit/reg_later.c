/* SPDX-License-Identifier: BSD-2-Clause */
/* vCPUs of somebody else: nothing is asked of one before it has run, they are described later, come and go, and nothing of them is left. */
#include <errno.h>
#include <malloc.h>
#include <string.h>

#include "reg_fixture.h"
#include "tap.h"

/* The simulated host, and which vCPUs it was asked for: a bit each. */
static struct {
	const struct host_ops *real;
	struct host_ops ops;
	unsigned asked;
} watched;

static int watched_calls(struct host *h, unsigned vcpu, struct host_call *calls, unsigned n)
{
	watched.asked |= 1u << vcpu;
	return watched.real->calls(h, vcpu, calls, n);
}

static void open_watched(struct fixture *x, const char *arch, enum batch batch)
{
	memset(x, 0, sizeof(*x));
	x->sim = sim_open(arch_find(arch), 2, 0x40000000, 0x1000);
	if (!x->sim)
		exit(1);
	sim_remove(x->sim, 0, Z(0));
	sim_remove(x->sim, 1, Z(0));
	x->sim->caps[74 /* KVM_CAP_SYNC_REGS */] = 7;
	watched.real = x->sim->host.ops;
	watched.ops = *watched.real;
	watched.ops.calls = watched_calls;
	watched.asked = 0;
	x->sim->host.ops = &watched.ops;
	transport_init(&x->transport, &x->sim->host, x->sim->arch, batch);
}

static void describe(struct fixture *x, unsigned vcpu, const struct arch *arch)
{
	struct presence p;

	if (presence_init(&p, &x->transport, vcpu) || tdesc_build(&x->tdesc, arch, &p.source))
		exit(1);
	presence_free(&p);
}

static void close_all(struct fixture *x)
{
	regfile_free(&x->file);
	tdesc_free(&x->tdesc);
	transport_close(&x->transport);
	x->sim->host.ops->close(&x->sim->host);
}

static void nothing_before_it_has_run(const char *name, enum batch batch)
{
	struct fixture x;
	uint64_t value;

	open_watched(&x, name, batch);
	x.sim->many_on_vcpu = true;
	is_int(regfile_init(&x.file, 1, &x.transport), 0, "a register file of vCPU 1");
	ok(!watched.asked && !x.sim->sync, "%s: no vCPU was asked anything", name);
	is_int(regfile_read(&x.file, 0, &value, 8), -ENOENT, "no register has a number");
	ok(strstr(x.file.why, "no register 0"), "... which is said");
	is_int(regfile_read_general(&x.file, &value, 8), 0, "no register is general");
	ok(!watched.asked, "still none was asked");
	is_int(x.file.view.get(&x.file.view, x.sim->arch->regs.pc, &value), 0, "the pc by its key");
	ok(value == sim_get(x.sim, 1, x.sim->arch->regs.pc), "... is the vCPU's");

	is_int(transport_open(&x.transport, 1), 0, "the transport, by what vCPU 1 answers");
	describe(&x, 1, x.sim->arch);
	is_int(watched.asked, 2, "vCPU 0 has not been asked anything");
	is_int(regfile_describe(&x.file, &x.tdesc), 0, "described");
	ok(read_reg(&x, "pc") == sim_get(x.sim, 1, x.sim->arch->regs.pc), "the pc by its name");
	is_int(watched.asked, 2, "vCPU 0 still has not");
	close_all(&x);
}

static void unreachable(void)
{
	struct presence p;
	struct fixture x;

	open_watched(&x, "aarch64", BATCH_AUTO);
	x.sim->unreachable = -ENODEV;
	is_int(transport_open(&x.transport, 1), -ENODEV, "a vCPU that is gone chooses no way");
	is_int(presence_init(&p, &x.transport, 1), -ENODEV, "... and is not described as one without registers");
	x.sim->unreachable = 0;
	is_int(transport_open(&x.transport, 0), 0, "another does");
	close_all(&x);
}

/* What was asked of the host is taken back, and may be asked again. */
static void closed_and_opened(void)
{
	struct fixture x;
	uint64_t sync;

	open_watched(&x, "x86_64", BATCH_AUTO);
	x.sim->many_on_vcpu = true;
	transport_open(&x.transport, 0);
	sync = x.sim->sync;
	ok(sync && x.transport.many == MANY_REGS_VCPU, "with a debugger KVM copies what it can into kvm_run");
	regfile_init(&x.file, 0, &x.transport);
	describe(&x, 0, x.sim->arch);
	regfile_describe(&x.file, &x.tdesc);
	transport_close(&x.transport);
	ok(!x.sim->sync && x.transport.many == MANY_REGS_NONE, "without one no more");
	ok(read_reg(&x, "rip") == sim_get(x.sim, 0, x.sim->arch->regs.pc), "what is known to all KVMs goes on");
	transport_open(&x.transport, 0);
	ok(x.sim->sync == sync, "and again");
	close_all(&x);
}

static void another_description(void)
{
	struct tdesc first, second;
	struct fixture x;

	open_watched(&x, "x86_64", BATCH_AUTO);
	transport_open(&x.transport, 0);
	regfile_init(&x.file, 0, &x.transport);
	describe(&x, 0, arch_find("i386"));
	is_int(regfile_describe(&x.file, &x.tdesc), 0, "described as an i386");
	ok(read_reg(&x, "eip") == (uint32_t)sim_get(x.sim, 0, x.sim->arch->regs.pc), "its pc");
	first = x.tdesc;
	describe(&x, 0, x.sim->arch);
	is_int(regfile_describe(&x.file, &x.tdesc), 0, "the same vCPU as an x86_64, which has more registers");
	ok(read_reg(&x, "rip") == sim_get(x.sim, 0, x.sim->arch->regs.pc), "its pc");
	is_int(write_reg(&x, "r15", 0x1234, 8), 0, "what the other has not");
	second = x.tdesc;
	x.tdesc = first;
	is_int(regfile_describe(&x.file, &x.tdesc), 0, "and back");
	ok(read_reg(&x, "eip") == (uint32_t)sim_get(x.sim, 0, x.sim->arch->regs.pc), "its pc");
	tdesc_free(&second);
	close_all(&x);
}

static void open_and_close(const char *arch)
{
	struct fixture x;

	open_watched(&x, arch, BATCH_AUTO);
	transport_open(&x.transport, 0);
	regfile_init(&x.file, 0, &x.transport);
	describe(&x, 0, x.sim->arch);
	regfile_describe(&x.file, &x.tdesc);
	regfile_prefetch(&x.file, &(unsigned){ 0 }, 1);
	close_all(&x);
}

static void nothing_is_left(const char *arch)
{
	size_t before;

	open_and_close(arch);
	before = mallinfo2().uordblks;
	for (unsigned i = 0; i < 20; i++)
		open_and_close(arch);
	ok(mallinfo2().uordblks == before, "%s: opened and closed, nothing is left", arch);
}

int main(void)
{
	nothing_before_it_has_run("aarch64", BATCH_AUTO);
	nothing_before_it_has_run("riscv64", BATCH_MANY);
	nothing_before_it_has_run("aarch64", BATCH_ONE);
	unreachable();
	closed_and_opened();
	another_description();
	nothing_is_left("aarch64");
	nothing_is_left("x86_64");
	return done();
}
