/* SPDX-License-Identifier: BSD-2-Clause */
/* Of vm_<arch>.c, and no matter of a board: code at our address hva was changed, and is to be fetched anew by every processor. */
#ifndef SYNC_CODE_H
#define SYNC_CODE_H

#include <stddef.h>
#include <stdint.h>

/* The bytes have to be there: where they may be gone by now, it ends in a signal on some architectures. */
void sync_code(uint8_t *hva, size_t len);

#endif
