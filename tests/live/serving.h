/* SPDX-License-Identifier: BSD-2-Clause */
/* In front of a VMM of tests/examples: its vCPUs' threads serve the client (KVMGDB_VCPUS_SERVE). */
#ifndef SERVING_H
#define SERVING_H

#include <kvmgdb.h>

#define KVMGDB_WAIT (KVMGDB_WAIT | KVMGDB_VCPUS_SERVE)
#define FILTERED_VCPU KVMGDB_SERVING_VCPU

#endif
