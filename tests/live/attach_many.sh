# SPDX-License-Identifier: BSD-2-Clause
# KVM_GET_MANY_REGS, by our module, for a VM that is attached to.

load_module
perl tests/live/attach_many.pl
