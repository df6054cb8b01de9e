# SPDX-License-Identifier: BSD-2-Clause
# The kernel module, for the kernel whose headers are in KDIR: build/module/RELEASE/kvm_many_regs.ko. Built in a copy, because
# Kbuild writes beside its sources.

KDIR ?= /lib/modules/$(shell uname -r)/build
uts_release = $(KDIR)/include/generated/utsrelease.h

module:
	@test -e $(uts_release) || { \
		echo "no kernel headers in $(KDIR): install those of the kernel, or say where they are with KDIR=" >&2; exit 1; }
	@$(MAKE) --no-print-directory \
		build/module/$$(sed -n 's/#define UTS_RELEASE "\(.*\)"/\1/p' $(uts_release))/kvm_many_regs.ko

build/module/%/kvm_many_regs.ko: stub/many_regs/Kbuild stub/many_regs/kvm_many_regs.c stub/many_regs/kvm_many_regs.h
	@mkdir -p $(@D)
	cp $^ $(@D)
	$(MAKE) -C $(KDIR) M=$(abspath $(@D)) ARCH=$(patsubst riscv64,riscv,$(ARCH)) modules

.PHONY: module
