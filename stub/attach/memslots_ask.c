/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns what is asked, and that nothing is asked that KVM might do. */
#include "memslots_ask.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memslots_maps.h"

/* Since Linux 6.8, as the two that follow. */
struct region2 {
	uint32_t slot, flags;
	uint64_t gpa, size, hva;
	uint64_t memfd_offset;
	uint32_t memfd, pad1;
	uint64_t pad2[14];
};

#define SET_REGION2 _IOW(KVMIO, 0x49, struct region2)
#define GUEST_MEMFD (1u << 2) /* KVM_MEM_GUEST_MEMFD */

#define IDS_TRIED 8		/* for one that is of no slot */
#define HIGHEST_TRIED_ID 500	/* every kernel has as many */
#define LEAST_MOST (1ull << 30) /* bytes in one question: any process has as many addresses */
#define FAR_PAGE (1ull << 62)	/* of a slot: none has as many */

/* How to ask for a slot that KVM will not make. */
struct ask_form {
	unsigned long request;
	uint32_t flags;
	int err;					     /* KVM's, of a range without any slot */
	uint64_t most;					     /* bytes in one question, where a process has so many addresses */
	bool (*usable)(struct ask *a);			     /* in this process; NULL: in any */
	uint64_t (*hva)(const struct ask *a, uint64_t size); /* what the slot is asked for */
};

/* ---- the forms ---- */

static uint64_t no_hva(const struct ask *a, uint64_t size)
{
	(void)a;
	(void)size;
	return 0;
}

/* The memory of a slot is to come from a file, and there is no such descriptor. */
static const struct ask_form memfd_form = { SET_REGION2, GUEST_MEMFD, -EBADF, 1ull << 42, NULL, no_hva };

#ifdef __aarch64__
/*
 * The kernel's own pages (vvar) are in no slot with dirty logging, where they are mapped as those of a device
 * (arch/arm64/kvm/mmu.c, kvm_arch_prepare_memory_region()). KVM allocates a bitmap for all of the slot first, so that it may
 * not be a large one.
 */
static bool has_device_pages(struct ask *a)
{
	return !maps_find_device(a->vm->pid, &a->refused, &a->refused_end);
}

static uint64_t up_to_refused(const struct ask *a, uint64_t size)
{
	return a->refused_end > size ? a->refused_end - size : 0;
}

static const struct ask_form arch_form = { KVM_SET_USER_MEMORY_REGION, KVM_MEM_LOG_DIRTY_PAGES, -EINVAL, 1ull << 34,
	has_device_pages, up_to_refused };
#elif defined(__riscv)
/*
 * A mapping that may not be written to is in no slot but a read-only one (arch/riscv/kvm/mmu.c,
 * kvm_arch_prepare_memory_region()).
 */
static bool has_read_only_pages(struct ask *a)
{
	return !maps_find_read_only(a->vm->pid, &a->refused, &a->refused_end);
}

static uint64_t from_refused(const struct ask *a, uint64_t size)
{
	(void)size;
	return a->refused;
}

static const struct ask_form arch_form = { KVM_SET_USER_MEMORY_REGION, 0, -EPERM, 1ull << 42, has_read_only_pages,
	from_refused };
#else
static bool never(struct ask *a)
{
	(void)a;
	return false;
}

static const struct ask_form arch_form = { KVM_SET_USER_MEMORY_REGION, 0, 0, 0, never, no_hva };
#endif

static const struct ask_form *const forms[] = { &memfd_form, &arch_form };

/* ---- one batch ---- */

static int call(struct ask *a, unsigned long request, struct region2 *regions, int *results, unsigned n)
{
	struct host_call calls[ASK_BATCH] = { 0 };
	int err;

	if (n > ASK_BATCH)
		return -EINVAL;
	for (unsigned i = 0; i < n; i++)
		calls[i] = (struct host_call){ .request = request, .arg = &regions[i], .size = _IOC_SIZE(request) };
	err = a->vm->calls(a->vm->arg, calls, n);
	for (unsigned i = 0; i < n; i++)
		results[i] = calls[i].err;
	return err;
}

/* A slot has been made all the same: it goes again, before a vCPU can see it. */
static int take_back(struct ask *a, const struct region2 *made)
{
	struct region2 none = { .slot = made->slot, .gpa = made->gpa };
	int result;

	call(a, KVM_SET_USER_MEMORY_REGION, &none, &result, 1);
	return -ENOTRECOVERABLE;
}

static struct region2 question(const struct ask *a, unsigned id, uint64_t gpa, uint64_t size)
{
	return (struct region2){
		.slot = id, .flags = a->form->flags, .gpa = gpa, .size = size, .hva = a->form->hva(a, size), .memfd = UINT32_MAX
	};
}

/*
 * Asks for slots that are not to be made. One that was made all the same goes at once: those behind it in the batch have its
 * id as well, so that KVM can at most have moved it.
 */
static int ask(struct ask *a, struct region2 *regions, int *results, unsigned n)
{
	int err = call(a, a->form->request, regions, results, n);

	for (unsigned i = 0; !err && i < n; i++)
		if (!results[i])
			err = take_back(a, &regions[i]);
	return err;
}

/* ---- ranges ---- */

/*
 * -EFAULT: the VM has no such address. -ENOMEM: none for what KVM keeps of such a slot. Both come after the look at other
 * slots.
 */
static int decide(const struct ask *a, int result, bool *touches)
{
	*touches = result == -EEXIST;
	return *touches || result == a->form->err || result == -EFAULT || result == -ENOMEM ? 0 : -EPROTO;
}

int ask_touches(struct ask *a, const uint64_t *start, const uint64_t *size, bool *touches, unsigned n)
{
	struct region2 regions[ASK_BATCH];
	int results[ASK_BATCH], err;

	for (unsigned i = 0; i < n; i++)
		regions[i] = question(a, a->id, start[i], size[i]);
	err = ask(a, regions, results, n);
	for (unsigned i = 0; !err && i < n; i++)
		err = decide(a, results[i], &touches[i]);
	return err;
}

/* Of the pieces of [start, end) the first that has memory, which is made the whole; false when none has. */
static int narrow(struct ask *a, uint64_t *start, uint64_t *end, uint64_t piece, bool *any)
{
	uint64_t starts[ASK_BATCH] = { 0 }, sizes[ASK_BATCH] = { 0 };
	bool touches[ASK_BATCH];
	unsigned n = 0, i = 0;
	int err;

	for (uint64_t at = *start; at < *end && n < ASK_BATCH; at += sizes[n++]) {
		starts[n] = at;
		sizes[n] = *end - at < piece ? *end - at : piece;
	}
	err = ask_touches(a, starts, sizes, touches, n);
	if (err)
		return err;
	while (i < n && !touches[i])
		i++;
	*any = i < n;
	*start = *any ? starts[i] : starts[n - 1] + sizes[n - 1];
	if (*any)
		*end = starts[i] + sizes[i];
	return 0;
}

/* The smallest whole pages of which a batch covers size. */
static uint64_t piece_of(const struct ask *a, uint64_t size)
{
	uint64_t page = a->vm->page_size, pages = (size / page + ASK_BATCH - 1) / ASK_BATCH;

	return (pages ? pages : 1) * page;
}

int ask_first(struct ask *a, uint64_t from, uint64_t *first)
{
	uint64_t start = from, end = a->end;
	bool any = false;
	int err = 0;

	while (!err && !any && start < end)
		err = narrow(a, &start, &end, a->most, &any);
	while (!err && any && end - start > a->vm->page_size)
		err = narrow(a, &start, &end, piece_of(a, end - start), &any);
	if (!err && !any && end != a->end)
		return -EPROTO; /* it has become another table */
	*first = any ? start : a->end;
	return err;
}

/*
 * Looks at single pages behind *used, at most ASK_BATCH, `step` bytes apart; 0: farther and farther, so that no large hole is
 * passed over.
 */
static int look_for_free(struct ask *a, uint64_t from, uint64_t *used, uint64_t *free, uint64_t step)
{
	uint64_t at[ASK_BATCH] = { 0 }, sizes[ASK_BATCH] = { 0 }, next = *used, page = a->vm->page_size;
	bool touches[ASK_BATCH];
	unsigned n = 0;
	int err;

	for (; n < ASK_BATCH; n++) {
		next += step ? step : ((next - from) / 16 & ~(page - 1)) + page;
		if (next >= *free)
			break;
		at[n] = next;
		sizes[n] = page;
	}
	err = n ? ask_touches(a, at, sizes, touches, n) : 0;
	for (unsigned i = 0; !err && i < n && at[i] < *free; i++)
		*(touches[i] ? used : free) = at[i];
	return err;
}

int ask_end(struct ask *a, uint64_t from, uint64_t *end)
{
	uint64_t used = from, before;
	int err;

	*end = a->end;
	do {
		before = used;
		err = look_for_free(a, from, &used, end, 0);
	} while (!err && *end == a->end && used != before);
	while (!err && *end - used > a->vm->page_size)
		err = look_for_free(a, from, &used, end, piece_of(a, *end - used));
	return err;
}

/* ---- slots ---- */

int ask_ids(struct ask *a, const unsigned *id, bool *exists, unsigned n)
{
	struct region2 regions[ASK_BATCH];
	int results[ASK_BATCH], err;

	for (unsigned i = 0; i < n; i++)
		regions[i] = question(a, id[i], a->occupied, a->vm->page_size);
	err = ask(a, regions, results, n);
	for (unsigned i = 0; !err && i < n; i++) {
		exists[i] = results[i] == -EINVAL;
		if (!exists[i] && results[i] != -EEXIST)
			err = -EPROTO;
	}
	return err;
}

/* The pages that are asked for are none of the slot's, so that KVM says only whether there is a log, and leaves it. */
int ask_dirty_log(struct ask *a, unsigned id)
{
	struct kvm_clear_dirty_log clear = { .slot = id, .num_pages = 64, .first_page = FAR_PAGE };
	struct host_call c = { .request = KVM_CLEAR_DIRTY_LOG, .arg = &clear, .size = sizeof(clear) };
	int err = a->vm->calls(a->vm->arg, &c, 1);

	if (err)
		return err;
	return c.err == -ENOENT ? 0 : c.err == -EINVAL ? 1 : -EPROTO;
}

int ask_exact(struct ask *a, const struct memslot *slot, unsigned n)
{
	struct region2 regions[ASK_BATCH];
	int results[ASK_BATCH], err;

	if (n > a->left)
		return -E2BIG;
	a->left -= n;
	for (unsigned i = 0; i < n; i++)
		regions[i] = (struct region2){
			.slot = slot[i].id, .flags = slot[i].flags, .gpa = slot[i].gpa, .size = slot[i].size, .hva = slot[i].hva
		};
	err = call(a, KVM_SET_USER_MEMORY_REGION, regions, results, n);
	for (unsigned i = 0; !err && i < n; i++)
		if (!results[i])
			return (int)i;
	return err ? err : (int)n;
}

/* ---- how to ask ---- */

/*
 * Where the guest's addresses end: at a power of two, which KVM tells by how it refuses a slot, unless it looks at the
 * descriptor of a file before. These are the first questions about addresses where there may be nothing, one at a time.
 */
static int find_end(struct ask *a)
{
	unsigned bits = 52;

	for (; bits > 32; bits--) {
		struct region2 q = question(a, a->id, (1ull << bits) - 2 * a->vm->page_size, a->vm->page_size);
		int result, err = ask(a, &q, &result, 1);
		bool touches;

		if (!err)
			err = decide(a, result, &touches);
		if (err)
			return err;
		if (result != -EFAULT)
			break;
	}
	a->end = 1ull << bits;
	return 0;
}

/*
 * How much one question may be about. For a slot that would go beyond the process's addresses KVM has an error of its own; where
 * the form is refused by the same one, so much is certain to be within them.
 */
static int find_most(struct ask *a)
{
	int result = -EINVAL, err = 0;

	for (a->most = a->form->most; !err && a->form->err != -EINVAL && a->most > LEAST_MOST; a->most /= 2) {
		struct region2 q = question(a, a->id, 0, a->most);

		err = ask(a, &q, &result, 1);
		if (result != -EINVAL)
			break;
	}
	return err;
}

/*
 * With this id KVM tells of memory where there is some. For one that is of a slot it does not, and for a form that it does
 * not know.
 */
static int try_id(struct ask *a, unsigned id)
{
	uint64_t first = a->vm->occupied & ~(uint64_t)(a->vm->page_size - 1), page = a->vm->page_size;
	bool touches = false;
	int err;

	a->id = id;
	err = find_end(a);
	if (!err)
		err = find_most(a);
	if (!err && a->vm->occupied == UINT64_MAX)
		err = ask_first(a, 0, &first);
	if (!err && first < a->end)
		err = ask_touches(a, &first, &page, &touches, 1);
	a->occupied = first;
	return err ? err : touches ? 0 : -EPROTO;
}

static int try_form(struct ask *a, const struct ask_form *form)
{
	int err = -EPROTO;

	a->form = form;
	if (form->usable && !form->usable(a))
		return -EOPNOTSUPP;
	for (unsigned i = 0; i < IDS_TRIED && err == -EPROTO; i++)
		err = try_id(a, HIGHEST_TRIED_ID - i);
	return err;
}

int ask_open(struct ask *a, const struct memslots_vm *vm, const struct refusal *why)
{
	int err = -EOPNOTSUPP;

	*a = (struct ask){ .vm = vm };
	if (!vm->calls)
		return refuse(why, err, "KVM cannot be asked in the VMM's process");
	for (unsigned i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		err = try_form(a, forms[i]);
		if (err != -EPROTO && err != -EOPNOTSUPP)
			break;
	}
	if (err == -ENOTRECOVERABLE)
		return refuse(why, err, "KVM made a slot that it was expected to refuse, which was taken away again");
	if (err == -EPROTO || err == -EOPNOTSUPP)
		return refuse(why, -EOPNOTSUPP, "this kernel's KVM cannot be asked without changing something");
	return err ? refuse(why, err, "KVM cannot be asked in the VMM's process: %s", strerror(-err)) : 0;
}
