# SPDX-License-Identifier: BSD-2-Clause
# What the tests are made of. `make test` runs tests/run, which sees to the packages and then builds `test-programs`.

tests_out := $(OUT)/tests
unit_helpers := $(wildcard tests/unit/fake_*.c tests/unit/sim_*.c)
# emulated.c is for architectures that have a table of emulated instructions.
emulated := $(if $(wildcard tests/unit/emulated_$(ARCH).h),emulated)
unit_tests := $(patsubst tests/unit/%.c,$(tests_out)/unit/%,$(filter-out $(unit_helpers) $(if $(emulated),,tests/unit/emulated.c),\
	$(wildcard tests/unit/*.c)))
on_kvm := $(emulated) host_vm host_memslots host_embed host_embed_kicks
# For tests, the transitions of the threads' protocol are checked one by one.
checked := $(patsubst %,stub/run/%.o,baton entry non_stop threads)
unit_objects := $(unit_helpers:%.c=$(OBJ)/%.o) $(addprefix $(OBJ)/checked/,$(checked)) \
	$(filter-out $(addprefix $(OBJ)/,stub/main.o $(checked)),$(objects))

$(OBJ)/checked/%.o: %.c $(OBJ)/flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -DTHREADS_CHECKED -MMD -MP -c -o $@ $<

$(tests_out)/unit/%: $(OBJ)/tests/unit/%.o $(unit_objects) $(OUT)/link-flags
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^)

# What was built of a source that is there no more is no test.
unit: $(unit_tests)
	@rm -f $(filter-out $(unit_tests),$(wildcard $(tests_out)/unit/*))

# All of it once more under ThreadSanitizer, apart from the rest: tests/lint/races.t runs what has threads, tests/live/library_tsan.sh the
# library. What the compiler warns of is an error here: crossbuild.t looks at that. All three may want it at the same time.
tsan: sanitized = all unit peek
tsan-library: sanitized = examples
tsan tsan-library:
	@mkdir -p build
	flock build/tsan.lock $(MAKE) --no-print-directory OUT=build/tsan CFLAGS='-O2 -g -Werror -fsanitize=thread' LDFLAGS=-fsanitize=thread \
		$(sanitized)

# And under AddressSanitizer and UndefinedBehaviorSanitizer: tests/live/sanitized.sh runs it.
asan:
	$(MAKE) --no-print-directory OUT=build/asan CFLAGS='-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all' \
		LDFLAGS=-fsanitize=address,undefined all unit examples

# The program, with a thread in it that reads the same registers by itself.
$(OUT)/kvm-gdbserver-peek: $(objects) $(OBJ)/tests/live/peek.o $(OUT)/link-flags
	$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^)

peek: $(OUT)/kvm-gdbserver-peek

-include $(wildcard $(OBJ)/tests/unit/*.d $(OBJ)/tests/live/*.d $(OBJ)/checked/stub/run/*.d)

# Guests run on bare metal: no library, no vector code before the start file allows it, addresses as QEMU's machines have RAM. A function
# that is a loop begins with it, so that `break count` is met at each turn: gcc 14 would align the loop within the function.
guest_flags := -g -Og -falign-functions=32 -fno-omit-frame-pointer -ffreestanding -fno-pic -no-pie -fno-stack-protector \
	-nostdlib -static -Wall -Wextra -Wl,--build-id=none
guest_flags_x86_64 := -mgeneral-regs-only -mno-red-zone -fcf-protection=none -Wl,-Ttext=0x200000
guest_flags_i386 := -m32 -mregparm=3 $(guest_flags_x86_64)
# Without a prologue in count(), `break count` is in its loop, as on the others.
guest_flags_powerpc := -fomit-frame-pointer -mcpu=power8 -msoft-float -Wl,-Ttext=0x200000
guest_flags_riscv64 := -fomit-frame-pointer -march=rv64imac_zicsr -mabi=lp64 -mcmodel=medany -Wl,-Ttext=0x80200000
guest_flags_arm64 := -mno-outline-atomics -mgeneral-regs-only -mstrict-align -Wl,-Ttext=0x40200000
cross_arm64 := aarch64-linux-gnu-
cross_powerpc := powerpc64le-linux-gnu-
cross_riscv64 := riscv64-linux-gnu-
cross_x86_64 := x86_64-linux-gnu-
cross_i386 := $(if $(filter x86_64,$(HOSTARCH)),,$(cross_x86_64))

build/guests/%.elf: tests/guests/start_%.S tests/guests/guest.c tests/guests/events.c tests/guests/guest.h
	@mkdir -p $(@D)
	$(if $(filter $*,$(HOSTARCH)),,$(cross_$*))gcc $(guest_flags) $(guest_flags_$*) -o $@ $(filter-out %.h,$^)

# Its kernel is linked where Linux's is.
build/guests/powerpc_radix.elf: tests/guests/powerpc_radix.S tests/guests/powerpc_radix.c tests/guests/powerpc_radix.lds
	@mkdir -p $(@D)
	$(if $(filter powerpc,$(HOSTARCH)),,$(cross_powerpc))gcc $(guest_flags) -fomit-frame-pointer -mcpu=power9 -msoft-float \
		-T tests/guests/powerpc_radix.lds -o $@ $(filter-out %.lds,$^)

# The guest that turns on its MMU.
build/guests/mmu_%.elf: tests/guests/start_%.S tests/guests/mmu.c tests/guests/mmu_%.c tests/guests/mmu.h
	@mkdir -p $(@D)
	$(if $(filter $*,$(HOSTARCH)),,$(cross_$*))gcc $(guest_flags) $(guest_flags_$*) -o $@ $(filter-out %.h,$^)

build/guests/mmu_x86_64.elf: tests/guests/mmu_x86_64.S

# Each vCPU of this one tells its VMM a sequence.
build/guests/sequence_%.elf: tests/guests/start_%.S tests/guests/sequence.c tests/guests/sequence.h
	@mkdir -p $(@D)
	$(if $(filter $*,$(HOSTARCH)),,$(cross_$*))gcc $(guest_flags) $(guest_flags_$*) -o $@ $(filter-out %.h,$^)

build/guests/echo_%.elf: tests/guests/start_%.S tests/guests/echo.c
	@mkdir -p $(@D)
	$(if $(filter $*,$(HOSTARCH)),,$(cross_$*))gcc $(guest_flags) $(guest_flags_$*) -o $@ $^

# This one is for other VMMs.
build/guests/lines_arm64.elf: tests/guests/start_arm64.S tests/guests/lines.c
build/guests/lines_x86_64.elf: tests/guests/start_pvh.S tests/guests/start_x86_64.S tests/guests/lines.c
build/guests/lines_%.elf:
	@mkdir -p $(@D)
	$(if $(filter $*,$(HOSTARCH)),,$(cross_$*))gcc $(guest_flags) $(guest_flags_$*) -o $@ $^

# Functions to call, in the usual calling convention.
calls_flags_arm64 := -mstrict-align -Wl,-Ttext=0x40200000
calls_flags_powerpc := -mcpu=power8 -Wl,-Ttext=0x200000
calls_flags_riscv64 := -march=rv64gc_zicsr -mabi=lp64d -mcmodel=medany -Wl,-Ttext=0x80200000
calls_flags_x86_64 := -mno-red-zone -fcf-protection=none -Wl,-Ttext=0x200000
calls_flags_i386 := -m32 $(calls_flags_x86_64)

build/guests/calls_%.elf: tests/guests/start_%.S tests/guests/calls.c
	@mkdir -p $(@D)
	$(if $(filter $*,$(HOSTARCH)),,$(cross_$*))gcc $(guest_flags) $(calls_flags_$*) -o $@ $^

# An AArch32 program and its kernel, each where the other executes nothing.
build/guests/aarch32_arm64.elf: tests/guests/aarch32_arm64.S
	@mkdir -p $(@D)
	$(if $(filter arm64,$(HOSTARCH)),,$(cross_arm64))gcc -g -nostdlib -static -no-pie -Wl,--build-id=none \
		-Wl,-Ttext=0x40200000,-Tdata=0x40400000,--section-start=.user=0x40600000 -o $@ $<

# Instructions that are hard to step over, in 64-bit and in real mode.
build/guests/steps_x86_64.elf: tests/guests/steps_x86_64.S
	@mkdir -p $(@D)
	$(if $(filter x86_64,$(HOSTARCH)),,$(cross_x86_64))gcc $(guest_flags) $(guest_flags_x86_64) -o $@ $<

# Boot sectors, and the symbols of one for a gdb that decodes 16-bit and 32-bit code, and for one of 64-bit code.
build/guests/boot.elf build/guests/bios.elf build/guests/steps_i8086.elf: build/guests/%.elf: tests/guests/%.S
	@mkdir -p $(@D)
	$(cross_i386)gcc -m32 -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-n -Wl,-Ttext=0x7c00 -o $@ $<

build/guests/boot64.elf: build/guests/boot.elf
	$(cross_i386)objcopy -O elf64-x86-64 $< $@

build/guests/boot.img build/guests/bios.img build/guests/steps_i8086.img: build/guests/%.img: build/guests/%.elf
	$(cross_i386)objcopy -O binary -j .text $< $@

build/guests/device_arm64.elf build/guests/many_arm64.elf: build/guests/%.elf: tests/guests/%.S
	@mkdir -p $(@D)
	$(if $(filter arm64,$(HOSTARCH)),,$(cross_arm64))gcc -g -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-Ttext=0x40200000 -o $@ $<

# Kernels in the higher half.
build/guests/high_i386.elf: tests/guests/high_i386.S tests/guests/high_i386.lds
	@mkdir -p $(@D)
	$(cross_i386)gcc -m32 -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack -T tests/guests/high_i386.lds -o $@ $<

# Entered by a boot loader of a PC: 1 and 2 are multiboot, 3 is PVH; a 64-bit file with 32-bit code, and a module for each.
build/guests/loader%.elf: tests/guests/start_loader.S tests/guests/loader.c tests/guests/loader.lds
	@mkdir -p $(@D)
	$(cross_i386)gcc -m32 -Os $(guest_flags) -fomit-frame-pointer -mgeneral-regs-only -fcf-protection=none -Wl,-z,noexecstack \
		-DLOADER=$* -T tests/guests/loader.lds -o $@.32 $(filter-out %.lds,$^)
	$(cross_i386)objcopy -O elf64-x86-64 $@.32 $@

build/guests/module.txt:
	@mkdir -p $(@D)
	printf 'of the module\nand more\n' > $@

guests := $(patsubst %,build/guests/%,arm64.elf i386.elf powerpc.elf powerpc_radix.elf riscv64.elf x86_64.elf boot.elf boot64.elf boot.img bios.elf bios.img \
	steps_x86_64.elf steps_i8086.img aarch32_arm64.elf \
	$(patsubst %,mmu_%.elf,arm64 riscv64 x86_64) \
	$(patsubst %,lines_%.elf,arm64 x86_64) \
	$(patsubst %,echo_%.elf,arm64 powerpc riscv64 x86_64) \
	$(patsubst %,sequence_%.elf,arm64 powerpc riscv64 x86_64) \
	$(patsubst %,calls_%.elf,arm64 i386 powerpc riscv64 x86_64))
guests += $(patsubst %,build/guests/%,loader1.elf loader2.elf loader3.elf module.txt)
guests += build/guests/high_i386.elf build/guests/device_arm64.elf build/guests/many_arm64.elf

# The VMMs that embed the library, built with what pkg-config says of it, here of what lies in the build tree.
example_machine := $(patsubst %,$(OUT)/examples/obj/%.o,machine board_$(ARCH))
example_flags := $(if $(filter -fsanitize=% -idirafter,$(CFLAGS)),$(CFLAGS),-O2 -g) -D_GNU_SOURCE -Wall -Wextra -Wshadow -pthread
example_kvmgdb = $(shell PKG_CONFIG_PATH=$(OUT) pkg-config $(if $(STATIC),--static) --cflags --libs kvmgdb) -Wl,-rpath,$(abspath $(OUT))
examples := $(patsubst tests/examples/%.c,$(OUT)/examples/%,$(wildcard tests/examples/vmm*.c))
library_tests := $(patsubst %,$(OUT)/examples/%,library library_vmm library_memory library_calls library_process library_snapshot library_serves library_count)

$(OUT)/examples/obj/%.o: tests/examples/%.c tests/examples/machine.h
	@mkdir -p $(@D)
	$(CC) $(example_flags) -std=gnu11 -c -o $@ $<

$(OUT)/examples/%: tests/examples/%.c tests/examples/machine.h $(example_machine) $(library) $(library_files)
	$(CC) $(example_flags) -std=gnu11 $(if $(STATIC),-static -s) -o $@ $< $(example_machine) $(example_kvmgdb)

# What the library does to a VMM.
$(library_tests): $(OUT)/examples/%: tests/live/%.c tests/live/library_rig.c tests/live/library_client.c tests/live/library_rig.h tests/lib/patience.h \
		$(example_machine) $(library) $(library_files)
	$(CC) $(example_flags) -std=gnu11 -I tests/unit $(if $(STATIC),-static -s) -o $@ $(filter %.c %.o,$^) $(example_kvmgdb)

# vmm_loop.c with a seccomp filter of what the library says that it calls.
$(OUT)/examples/vmm_filtered: tests/examples/vmm_loop.c tests/live/filtered.c tests/examples/machine.h $(example_machine) $(library) $(library_files)
	$(CC) $(example_flags) -std=gnu11 -c -Dkvmgdb_run=filtered_run -Dkvmgdb_dispatch=filtered_dispatch -I$(OUT)/include -o $@.o $<
	$(CC) $(example_flags) -std=gnu11 $(if $(STATIC),-static -s) -o $@ $@.o tests/live/filtered.c $(example_machine) $(example_kvmgdb)

# The same, and vmm.c, where vCPUs' threads serve.
$(OUT)/examples/vmm_serving: tests/examples/vmm.c tests/live/serving.h tests/examples/machine.h $(example_machine) $(library) $(library_files)
	$(CC) $(example_flags) -std=gnu11 -include tests/live/serving.h $(if $(STATIC),-static -s) -o $@ $< $(example_machine) $(example_kvmgdb)

$(OUT)/examples/vmm_serving_filtered: tests/examples/vmm_loop.c tests/live/filtered.c tests/live/serving.h tests/examples/machine.h $(example_machine) \
		$(library) $(library_files)
	$(CC) $(example_flags) -std=gnu11 -include tests/live/serving.h -c -Dkvmgdb_run=filtered_run -Dkvmgdb_dispatch=filtered_dispatch \
		-I$(OUT)/include -o $@.o $<
	$(CC) $(example_flags) -std=gnu11 -include tests/live/serving.h $(if $(STATIC),-static -s) -o $@ $@.o tests/live/filtered.c $(example_machine) \
		$(example_kvmgdb)

# In other languages, where their compilers are.
$(OUT)/examples/vmm_cc: tests/examples/vmm.cc tests/examples/machine.h $(example_machine) $(library) $(library_files)
	$(CROSS_COMPILE)g++ $(example_flags) -std=c++11 -o $@ $< $(example_machine) $(example_kvmgdb)

$(OUT)/examples/vmm_go: tests/examples/go/vmm.go tests/examples/machine.h $(example_machine) $(library) $(library_files)
	$(AR) rcs $(OUT)/examples/obj/libmachine.a $(example_machine)
	cd tests/examples/go && GOCACHE=$(abspath $(OUT)/go) GO111MODULE=off PKG_CONFIG_PATH=$(abspath $(OUT)) \
		CGO_LDFLAGS='-L$(abspath $(OUT))/examples/obj -lmachine -Wl,-rpath,$(abspath $(OUT))' go build -o $(abspath $@) vmm.go

$(OUT)/examples/vmm_rust: tests/examples/rust/vmm.rs tests/examples/machine.h $(example_machine) $(library) $(library_files)
	$(AR) rcs $(OUT)/examples/obj/libmachine.a $(example_machine)
	rustc --edition 2021 -O -o $@ -L $(OUT)/examples/obj -l static=machine -L $(OUT) -l kvmgdb \
		-C link-arg=-Wl,-rpath,$(abspath $(OUT)) $<

examples: $(addprefix $(OUT)/examples/,vmm_filtered vmm_serving vmm_serving_filtered) $(examples) $(library_tests)

# A VMM that has no library in it and knows of no debugger.
$(OUT)/victim: $(wildcard tests/attach/*.[ch]) tests/lib/patience.h tests/examples/machine.h tests/guests/sequence.h $(example_machine)
	$(CC) $(example_flags) -std=gnu11 -Wmissing-prototypes -I tests/examples $(if $(STATIC),-static -s) -o $@ $(filter %.c %.o,$^)

victim: $(OUT)/victim

# Another one, of 32 bits.
build/vmm_32: tests/live/vmm_32.c
	$(cross_i386)gcc -m32 -O2 -Wall -Wextra -ffreestanding -fno-stack-protector -fno-pic -nostdlib -static -no-pie -Wl,--build-id=none -o $@ $<

# What goes into the nested machines is linked statically: they have no library. That of this computer's own architecture is linked of the
# same objects as what runs here: they are all there before another make looks at them.
static-%:
	$(MAKE) --no-print-directory ARCH=$* OUT=build/$*-static STATIC=1 \
		$(if $(filter $*,$(HOSTARCH)),OBJ=$(OBJ) CROSS_COMPILE=,CROSS_COMPILE=$(cross_$*)) all peek on-kvm examples victim

static-$(HOSTARCH): $(objects) $(unit_objects) $(OBJ)/kvmgdb.o $(OBJ)/tests/live/peek.o $(on_kvm:%=$(OBJ)/tests/unit/%.o)

# The unit tests that need a KVM: tests/live/plan has them.
on-kvm: $(addprefix $(tests_out)/unit/,$(on_kvm))

# They look at the kernel module from inside.
many_regs_tests := many_regs_values many_regs_misuse
build/%-static/many_regs_values build/%-static/many_regs_misuse: tests/live/many_regs_values.c tests/live/many_regs_misuse.c \
		$(wildcard tests/live/many_regs_*.h) tests/lib/patience.h tests/live/many_regs_setup.c tests/live/many_regs_vm.c stub/many_regs/kvm_many_regs.h
	@mkdir -p $(@D)
	for test in $(many_regs_tests); do \
		$(if $(filter $*,$(HOSTARCH)),,$(cross_$*))gcc $(CFLAGS) -I tests/unit -static -o $(@D)/$$test \
			tests/live/$$test.c tests/live/many_regs_setup.c tests/live/many_regs_vm.c || exit; \
	done

test-programs: all unit peek examples victim build/vmm_32 $(guests) \
	static-arm64 static-powerpc static-riscv64 static-x86_64 \
	$(foreach arch,arm64 powerpc riscv64 x86_64,$(addprefix build/$(arch)-static/,$(many_regs_tests)))

test:
	sh tests/run

# Also what takes long: each client on each machine, and soaks.
test-all:
	sh tests/run all

# The benchmark, which runs here and in a nested arm64 machine. Its loop lies where the guests of the tests do.
bench_arches := $(sort arm64 $(filter x86_64,$(HOSTARCH)))
bench_loop_x86_64 := -Wl,-Ttext=0x200000,-Tdata=0x400000
bench_loop_arm64 := -Wl,-Ttext=0x40200000,-Tdata=0x40400000

build/bench/%/loop.elf: tests/bench/loop.S
	@mkdir -p $(@D)
	$(if $(filter $*,$(HOSTARCH)),,$(cross_$*))gcc -nostdlib -static -no-pie -Wl,--build-id=none $(bench_loop_$*) -o $@ $<

bench_c := tests/bench/rate.c tests/bench/rate.h tests/lib/patience.h stub/many_regs/kvm_many_regs.h
bench_remote := tests/bench/remote.c tests/bench/remote.h
bench_cc = $(if $(filter $(notdir $(@D)),$(HOSTARCH)),,$(cross_$(notdir $(@D))))gcc $(CFLAGS) -static -o $@ $(filter %.c,$^)

$(foreach arch,$(bench_arches),build/bench/$(arch)/client): tests/bench/client.c $(bench_remote) $(bench_c)
	@mkdir -p $(@D)
	$(bench_cc)

$(foreach arch,$(bench_arches),build/bench/$(arch)/visit): tests/bench/visit.c $(bench_remote) $(bench_c)
	@mkdir -p $(@D)
	$(bench_cc)

$(foreach arch,$(bench_arches),build/bench/$(arch)/floor): tests/bench/floor.c $(bench_c)
	@mkdir -p $(@D)
	$(bench_cc)

bench-programs: $(foreach arch,$(bench_arches),$(addprefix build/bench/$(arch)/,loop.elf client visit floor) static-$(arch)) \
	$(bench_arches:%=build/guests/%.elf) $(bench_arches:%=build/guests/sequence_%.elf) build/guests/many_arm64.elf

# PARTS: some of it; PLACES: host, nested. See tests/bench/run.
bench:
	@sh tests/bench/run $(PARTS)

.PHONY: test-all examples victim unit tsan tsan-library asan peek on-kvm test-programs bench bench-programs
