# SPDX-License-Identifier: BSD-2-Clause
#
# make                    build/kvm-gdbserver and build/libkvmgdb.*
# make demo               a guest on KVM, and a scripted gdb that debugs it
# make test               all tests; installs what they need from the distribution
# make test-all           also those that take long
# make bench              counts and times beside those of QEMU's stub and of a bare loop; PARTS=, PLACES=: some of it
# make install            the program and the library; PREFIX=/usr/local, DESTDIR=
# make uninstall
# make ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-    build/arm64/kvm-gdbserver; ARCH as the kernel names it
# make STATIC=1           links everything in
# make module             the kernel module, for the running kernel, or that of KDIR=
# make clean

HOSTARCH := $(shell uname -m | sed -e s/aarch64/arm64/ -e s/ppc64le/powerpc/)
ARCH ?= $(HOSTARCH)
OUT := $(if $(filter $(HOSTARCH),$(ARCH)),build,build/$(ARCH))
OBJ := $(OUT)/obj
PREFIX ?= /usr/local

ifeq ($(origin CC),default)
CC := $(CROSS_COMPILE)gcc
endif
CFLAGS ?= -O2 -g
override CFLAGS += -std=gnu11 -I stub -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wmissing-prototypes -pthread -fPIC -fvisibility=hidden
override LDFLAGS += -pthread $(if $(STATIC),-static)

program := $(OUT)/kvm-gdbserver
other_hosts := $(filter-out stub/host/vm_$(ARCH).c stub/host/vm_$(ARCH)_%.c stub/attach/tracee_$(ARCH).c, \
	$(wildcard stub/host/vm_*.c stub/attach/tracee_*.c))
sources := $(filter-out $(other_hosts) stub/many_regs/kvm_many_regs.c,$(wildcard stub/*.c stub/*/*.c))
tables := aarch64 i386 i8086 loongarch64 mips64 ppc64le riscv64 s390x x86_64
objects := $(sources:%.c=$(OBJ)/%.o) $(tables:%=$(OBJ)/tables_%.o)

all: $(program) library

archs := $(patsubst stub/attach/tracee_%.c,%,$(filter-out %_arch.c,$(wildcard $(patsubst stub/host/vm_%,stub/attach/tracee_%,$(wildcard stub/host/vm_*.c)))))
ifeq ($(filter $(ARCH),$(archs)),)
$(error ARCH=$(ARCH) is not one of $(archs))
endif

$(program): $(filter-out $(OBJ)/stub/library%.o,$(objects)) $(OUT)/link-flags
	$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^)

$(OBJ)/%.o: %.c $(OBJ)/flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

# Another compiler, or other flags, and everything is built again.
$(OBJ)/flags: with = $(CC) $(CFLAGS)
$(OUT)/link-flags: with = $(CC) $(LDFLAGS)
$(OBJ)/flags $(OUT)/link-flags: FORCE
	@mkdir -p $(@D)
	@echo '$(with)' | cmp -s - $@ || echo '$(with)' > $@

# The register database becomes C tables, one file for each architecture's list of features.
xml_awk := xml/parse.awk xml/check.awk xml/table.awk

$(OBJ)/tables_%.c: xml/%.xml $(xml_awk) $(wildcard xml/*.xml)
	@mkdir -p $(@D)
	awk $(xml_awk:%=-f %) $< > $@.new
	mv $@.new $@

$(OBJ)/tables_%.o: $(OBJ)/tables_%.c $(OBJ)/flags
	$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

include stub/packaging/lib.mk
include stub/many_regs/module.mk
include tests/tests.mk

demo:
	@sh tests/demo

install: $(program) install-library
	install -D -m 755 $(program) $(DESTDIR)$(PREFIX)/bin/kvm-gdbserver
	install -D -m 644 stub/packaging/man/kvm-gdbserver.1 $(DESTDIR)$(MANDIR)/man1/kvm-gdbserver.1

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/kvm-gdbserver $(addprefix $(DESTDIR)$(LIBDIR)/,libkvmgdb.a libkvmgdb.so $(soname) pkgconfig/kvmgdb.pc) \
		$(DESTDIR)$(INCLUDEDIR)/kvmgdb.h $(DESTDIR)$(MANDIR)/man1/kvm-gdbserver.1 $(DESTDIR)$(MANDIR)/man3/libkvmgdb.3

clean:
	rm -rf build

-include $(objects:.o=.d) $(wildcard $(OBJ)/tests/unit/*.d)

.PHONY: all demo test install uninstall clean FORCE
.DELETE_ON_ERROR:
.SECONDARY:
