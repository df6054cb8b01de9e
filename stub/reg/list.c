/* SPDX-License-Identifier: BSD-2-Clause */
/* The lists of ids: a vCPU's own, or, where not even the pc has an id (x86), that of the MSRs that this host's KVM saves. */
#include <errno.h>
#include <linux/ioctl.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>

#include "list.h"
#include "msrs.h"

#define LIST_MAX 65536 /* ids; no kernel lists a thousand */

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int get_list(struct transport *t, unsigned vcpu, struct kvm_reg_list *list, uint64_t room)
{
	struct host_call call = {
		.request = KVM_GET_REG_LIST, .arg = list, .size = sizeof(*list) + room * sizeof(list->reg[0])
	};
	int err;

	list->n = room;
	err = t->host->ops->calls(t->host, vcpu, &call, 1);
	return err ? err : call.err;
}

/* Moves the ids to the front of the list's own memory, which the caller then frees as an array. */
static int take_ids(struct kvm_reg_list *list, uint64_t **ids)
{
	size_t n = list->n;

	memmove(list, list->reg, n * sizeof(list->reg[0]));
	*ids = (void *)list;
	qsort(*ids, n, sizeof(**ids), compare);
	return (int)n;
}

static int list_regs(struct transport *t, unsigned vcpu, uint64_t **ids)
{
	struct kvm_reg_list head, *list;
	int err = get_list(t, vcpu, &head, 0);

	if (err != -E2BIG)
		return err ? err : -ENOENT;
	if (head.n > LIST_MAX)
		return -E2BIG;
	list = malloc(sizeof(*list) + head.n * sizeof(list->reg[0]));
	if (!list)
		return -ENOMEM;
	err = get_list(t, vcpu, list, head.n);
	if (!err && list->n <= head.n)
		return take_ids(list, ids);
	free(list);
	return err ? err : -E2BIG;
}

/* KVM_GET_MSR_INDEX_LIST's struct kvm_msr_list: a number, then so many indices. */
#define GET_MSR_INDEX_LIST _IOC(_IOC_READ | _IOC_WRITE, KVMIO, 0x02, 4)
#define LIST_ROOM 4096

struct index_list {
	uint32_t n;
	uint32_t index[LIST_ROOM];
};

static int msr_ids(const struct index_list *list, uint64_t **ids)
{
	*ids = calloc(list->n + 1, sizeof(**ids));
	if (!*ids)
		return -ENOMEM;
	for (uint32_t i = 0; i < list->n; i++)
		(*ids)[i] = MSR_ID(list->index[i]);
	qsort(*ids, list->n, sizeof(**ids), compare);
	return (int)list->n;
}

static int list_msrs(struct host *host, uint64_t **ids)
{
	struct index_list *list = calloc(1, sizeof(*list));
	struct host_call call = { .request = GET_MSR_INDEX_LIST, .arg = list, .size = sizeof(*list) };
	int ret;

	if (!list)
		return -ENOMEM;
	list->n = LIST_ROOM;
	ret = host->ops->system_call(host, &call);
	if (!ret)
		ret = list->n <= LIST_ROOM ? msr_ids(list, ids) : -E2BIG;
	free(list);
	return ret;
}

int list_ids(struct transport *t, unsigned vcpu, uint64_t **ids)
{
	return list_is_whole(t) ? list_regs(t, vcpu, ids) : list_msrs(t->host, ids);
}

/* Where not even the pc has an id, a list is of a few special registers and says nothing of the others. */
bool list_is_whole(const struct transport *t)
{
	return !KEY_IS_BLOCK(t->arch->regs.pc);
}

bool list_has(const uint64_t *ids, unsigned n, uint64_t id)
{
	return bsearch(&id, ids, n, sizeof(id), compare) != NULL;
}
