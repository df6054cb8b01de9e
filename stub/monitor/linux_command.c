/* SPDX-License-Identifier: BSD-2-Clause */
/* `monitor linux`: which kernel, where, and as gdb takes it; what it tells of itself; its log. */
#include "linux_command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "linux_log.h"
#include "linux_text.h"

static int refuse_none(struct guest *g)
{
	return refuse(&g->refusal, -ENOENT, "no Linux kernel was found within %llu MiB of where exceptions go, nor of the pc",
		LINUX_REACH >> 20);
}

static const char *why_none(int err)
{
	switch (err) {
	case -ESTALE:
		return "only one is there that is of another kernel, or of one that ran before";
	case -EOPNOTSUPP:
		return "it is not known what Linux has in it on this architecture";
	case -ENOMEM:
		return "out of memory";
	default:
		return "the kernel makes it late while it starts, or was built without";
	}
}

/* ---- log */

static int print_log(struct guest *g, const struct linux_banner *b, const struct printer *out)
{
	int err;
	struct vmcoreinfo *i = vmcoreinfo_find(b, &err);

	if (i) {
		err = linux_log_print(i, out);
		free(i);
		return err;
	}
	if (!linux_text_print(b, out)) {
		say(out,
			"(These are the texts of the ring around the kernel's first lines: there is no VMCOREINFO, which has its layout.)\n");
		return 0;
	}
	return refuse(&g->refusal, -ENOENT, "there is no VMCOREINFO (%s), and %.60s is in no log yet", why_none(err), b->text);
}

/* ---- what there is to know */

static void say_task(struct vcpu *v, const struct printer *out)
{
	const struct arch_linux *os = v->guest->arch->os;
	uint64_t task;
	int err = os->task(&v->regs.view, &task);

	if (!err)
		say(out, "vCPU %u: task_struct at 0x%llx\n", v->nr, (unsigned long long)task);
	else if (err == -ENODATA)
		say(out, "vCPU %u: not in the kernel; its task is in no register then\n", v->nr);
}

static void say_tasks(struct guest *g, const struct printer *out)
{
	unsigned nr = 0;
	struct vcpu *v;

	if (!g->arch->os || !g->arch->os->task) {
		say(out, "The tasks that run are not known without symbols on this architecture.\n");
		return;
	}
	while ((v = linux_next_vcpu(g, &nr)))
		say_task(v, out);
}

static void say_info(const struct vmcoreinfo *i, int err, const struct printer *out)
{
	uint64_t offset;

	if (!i) {
		say(out, "VMCOREINFO: none (%s)\n", why_none(err));
		return;
	}
	say(out, "VMCOREINFO: at guest-physical 0x%llx, %zu bytes; `monitor linux log` prints the kernel's log by it\n",
		(unsigned long long)i->pa, i->size);
	if (vmcoreinfo_number(i, "KERNELOFFSET", &offset))
		say(out, "KASLR: 0x%llx above where it was linked to\n", (unsigned long long)offset);
}

/* While a user's program runs, its page tables may not have the kernel (KPTI); by VMCOREINFO it is known where it is all the same. */
static int print_place(struct guest *g, const struct linux_banner *b, const struct vmcoreinfo *i, const struct printer *out)
{
	uint64_t va = i && !b->mapped ? b->pa + i->image : b->va;

	if (!b->mapped && !i)
		return refuse(&g->refusal, -EFAULT,
			"%.60s is at guest-physical 0x%llx, and is not mapped now, as while a user's program "
			"runs (KPTI): stop in the kernel",
			b->text, (unsigned long long)b->pa);
	out->print(out->arg, b->text);
	say(out, "\nis linux_banner, at 0x%llx (guest-physical 0x%llx). To give gdb its vmlinux; x/s then shows the same:\n",
		(unsigned long long)va, (unsigned long long)b->pa);
	say(out, "symbol-file vmlinux\nsymbol-file -o 0x%llx-(long)&linux_banner vmlinux\nx/s &linux_banner\n",
		(unsigned long long)va);
	return 0;
}

int do_linux(struct machine *m, char **words, const struct printer *out)
{
	struct guest *g = &m->guest;
	struct vmcoreinfo *i;
	struct linux_banner b;
	int err, why;

	if (words[0] && strcmp(words[0], "log"))
		return refuse(&g->refusal, -EINVAL, "linux: log, or nothing");
	if (!linux_find(g, &b))
		return refuse_none(g);
	if (words[0])
		return print_log(g, &b, out);
	i = vmcoreinfo_find(&b, &why);
	err = print_place(g, &b, i, out);
	if (!err)
		say_info(i, why, out);
	if (i)
		say_tasks(g, out);
	free(i);
	return err;
}
