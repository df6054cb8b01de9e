/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Linux kernel's data in a simulated machine's memory, as far as its log takes them: VMCOREINFO, the banner, and a log of one layout
 * or the other. The kernel is an arm64 one, at 0xffff800010000000, with page tables of its own in which the log and a task's program are.
 */
#ifndef LINUX_MEMORY_H
#define LINUX_MEMORY_H

#include <stdio.h>
#include <string.h>

#include "sim_host.h"

#define LM_BASE 0x40000000ull
#define LM_SIZE (32ull << 20)
#define LM_KERNEL 0xffff800010000000ull /* the image: its first byte, at LM_IMAGE */
#define LM_IMAGE (LM_BASE + (2ull << 20))
#define LM_OFFSET (LM_KERNEL - LM_IMAGE)
#define LM_TABLES (LM_BASE + (16ull << 20)) /* four tables of 4 KiB */
#define LM_INFO (LM_BASE + (20ull << 20))
#define LM_LINEAR 0xffff000000000000ull

/* In the image. */
#define LM_VECTORS 0x800
#define LM_BANNER 0x20000
#define LM_UTS 0x30000
#define LM_PRB_POINTER 0x31000
#define LM_PRB 0x31100
#define LM_DESCS 0x40000
#define LM_INFOS 0x50000
#define LM_TEXT 0x80000
#define LM_OLD 0xa0000 /* log_buf, and its numbers in front of it */

#define LM_RELEASE "6.1.0-50-arm64"
#define LM_BANNER_TEXT "Linux version " LM_RELEASE " (me@here) (gcc 12) #1 SMP Debian 6.1.176-1"

#define LM_DESC_BITS 4
#define LM_TEXT_BITS 10

static inline uint8_t *lm_at(struct sim_host *sim, uint64_t pa)
{
	return sim->ram + (pa - LM_BASE);
}

static inline void lm_put(struct sim_host *sim, uint64_t pa, uint64_t value, unsigned size)
{
	memcpy(lm_at(sim, pa), &value, size);
}

/* The image by 2 MiB pages, and all RAM in the linear map: granules of 4 KiB, addresses of 48 bits. */
static inline void lm_tables(struct sim_host *sim)
{
	uint64_t l0 = LM_TABLES, l1 = l0 + 0x1000, l2 = l0 + 0x2000, linear1 = l0 + 0x3000, linear2 = l0 + 0x4000;

	memset(lm_at(sim, l0), 0, 0x5000);
	lm_put(sim, l0 + 8 * (LM_KERNEL >> 39 & 511), l1 | 3, 8);
	lm_put(sim, l1 + 8 * (LM_KERNEL >> 30 & 511), l2 | 3, 8);
	for (unsigned n = 0; n < 4; n++)
		lm_put(sim, l2 + 8 * ((LM_KERNEL >> 21 & 511) + n), (LM_IMAGE + n * (2ull << 20)) | 0x701, 8);
	lm_put(sim, l0 + 8 * (LM_LINEAR >> 39 & 511), linear1 | 3, 8);
	lm_put(sim, linear1, linear2 | 3, 8);
	for (unsigned n = 0; n < LM_SIZE >> 21; n++)
		lm_put(sim, linear2 + 8 * n, (LM_BASE + n * (2ull << 20)) | 0x701, 8);
}

#define LM_HEAD                                                                                                              \
	"OSRELEASE=%s\nPAGESIZE=4096\nSYMBOL(init_uts_ns)=%llx\nOFFSET(uts_namespace.name)=0\nSYMBOL(swapper_pg_dir)=%llx\n" \
	"SYMBOL(_stext)=%llx\nNUMBER(VA_BITS)=48\nNUMBER(kimage_voffset)=0x%llx\nNUMBER(PHYS_OFFSET)=0x40000000\n"           \
	"NUMBER(TCR_EL1_T1SZ)=0x10\nKERNELOFFSET=8000000\n"

#define LM_NEW                                                                                                                  \
	"SYMBOL(prb)=%llx\nOFFSET(printk_ringbuffer.desc_ring)=0\nOFFSET(printk_ringbuffer.text_data_ring)=40\n"                \
	"OFFSET(prb_desc_ring.count_bits)=0\nOFFSET(prb_desc_ring.descs)=8\nOFFSET(prb_desc_ring.infos)=16\n"                   \
	"OFFSET(prb_desc_ring.head_id)=24\nOFFSET(prb_desc_ring.tail_id)=32\nSIZE(prb_desc)=24\nOFFSET(prb_desc.state_var)=0\n" \
	"OFFSET(prb_desc.text_blk_lpos)=8\nOFFSET(prb_data_blk_lpos.begin)=0\nOFFSET(prb_data_blk_lpos.next)=8\n"               \
	"SIZE(printk_info)=88\nOFFSET(printk_info.ts_nsec)=8\nOFFSET(printk_info.text_len)=16\n"                                \
	"OFFSET(prb_data_ring.size_bits)=0\nOFFSET(prb_data_ring.data)=8\n"

#define LM_OLD_LOG                                                                                                \
	"SYMBOL(log_buf)=%llx\nSYMBOL(log_buf_len)=%llx\nSYMBOL(log_first_idx)=%llx\nSYMBOL(log_next_idx)=%llx\n" \
	"SIZE(printk_log)=16\nOFFSET(printk_log.ts_nsec)=0\nOFFSET(printk_log.len)=8\nOFFSET(printk_log.text_len)=10\n"

/* At pa; what follows the numbers that all have is `log`. */
static inline void lm_info(struct sim_host *sim, uint64_t pa, const char *release, uint64_t offset, const char *log)
{
	char *text = (char *)lm_at(sim, pa);

	memset(text, 0, 0x1000);
	text += sprintf(text, LM_HEAD, release, LM_KERNEL + LM_UTS, (unsigned long long)(LM_TABLES + offset), LM_KERNEL,
		(unsigned long long)offset);
	strcpy(text, log);
}

static inline void lm_new_info(struct sim_host *sim)
{
	char log[2048];

	snprintf(log, sizeof(log), LM_NEW, LM_KERNEL + LM_PRB_POINTER);
	lm_info(sim, LM_INFO, LM_RELEASE, LM_OFFSET, log);
}

static inline void lm_old_info(struct sim_host *sim)
{
	char log[2048];

	snprintf(log, sizeof(log), LM_OLD_LOG, LM_KERNEL + LM_OLD - 32, LM_KERNEL + LM_OLD - 24, LM_KERNEL + LM_OLD - 16,
		LM_KERNEL + LM_OLD - 8);
	lm_info(sim, LM_INFO, LM_RELEASE, LM_OFFSET, log);
}

/* The kernel's own, and an empty log that has no record so far. */
static inline void lm_kernel(struct sim_host *sim)
{
	memset(sim->ram, 0, LM_SIZE);
	lm_tables(sim);
	strcpy((char *)lm_at(sim, LM_IMAGE + LM_BANNER), LM_BANNER_TEXT "\n");
	strcpy((char *)lm_at(sim, LM_IMAGE + LM_UTS + 2 * 65), LM_RELEASE);
	lm_put(sim, LM_IMAGE + LM_PRB_POINTER, LM_KERNEL + LM_PRB, 8);
	lm_put(sim, LM_IMAGE + LM_PRB, LM_DESC_BITS, 4);
	lm_put(sim, LM_IMAGE + LM_PRB + 8, LM_KERNEL + LM_DESCS, 8);
	lm_put(sim, LM_IMAGE + LM_PRB + 16, LM_KERNEL + LM_INFOS, 8);
	lm_put(sim, LM_IMAGE + LM_PRB + 40, LM_TEXT_BITS, 4);
	lm_put(sim, LM_IMAGE + LM_PRB + 48, LM_KERNEL + LM_TEXT, 8);
}

/* Record id with this text: its block is at [begin, next), positions that go on behind the ring's end. */
static inline void lm_record(
	struct sim_host *sim, uint64_t id, unsigned state, uint64_t begin, uint64_t next, uint64_t ns, const char *text)
{
	uint64_t index = id & ((1u << LM_DESC_BITS) - 1), size = 1u << LM_TEXT_BITS;
	uint64_t desc = LM_IMAGE + LM_DESCS + 24 * index, info = LM_IMAGE + LM_INFOS + 88 * index;
	uint64_t at = next % size < begin % size && next % size ? 0 : begin % size;

	lm_put(sim, desc, (uint64_t)state << 62 | id, 8);
	lm_put(sim, desc + 8, begin, 8);
	lm_put(sim, desc + 16, next, 8);
	lm_put(sim, info + 8, ns, 8);
	lm_put(sim, info + 16, strlen(text), 2);
	if (begin & 1)
		return;
	lm_put(sim, LM_IMAGE + LM_TEXT + at, id, 8);
	memcpy(lm_at(sim, LM_IMAGE + LM_TEXT + at + 8), text, strlen(text));
}

static inline void lm_ids(struct sim_host *sim, uint64_t tail, uint64_t head)
{
	lm_put(sim, LM_IMAGE + LM_PRB + 24, head, 8);
	lm_put(sim, LM_IMAGE + LM_PRB + 32, tail, 8);
}

#endif
