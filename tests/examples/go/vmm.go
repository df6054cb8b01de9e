// SPDX-License-Identifier: BSD-2-Clause

// vmm.c once more, in Go. The machine is in C, as in the others; what runs a vCPU is not.
package main

/*
#cgo pkg-config: kvmgdb
#include <stdlib.h>

#include <kvmgdb.h>
#include "../machine.h"
*/
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"
)

func fail(why string) {
	fmt.Fprintln(os.Stderr, "vmm:", why)
	os.Exit(1)
}

// KVM_RUN fails with EINTR by Go's own signals as well, and then there is nothing to serve.
func run(gdb *C.struct_kvmgdb, v *C.struct_vcpu) {
	var code C.int

	runtime.LockOSThread()
	for {
		ret, err := C.kvmgdb_run(v.gdb)
		if ret < 0 {
			if err != syscall.EINTR && err != syscall.EAGAIN {
				fail("KVM_RUN: " + err.Error())
			}
			continue
		}
		switch C.machine_serve(v, &code) {
		case C.RESETS:
			C.machine_start(unsafe.Pointer(v.machine))
			C.kvmgdb_guest_reset(gdb)
		case C.ENDS:
			C.kvmgdb_guest_exited(gdb, code)
			os.Exit(int(code))
		}
	}
}

func main() {
	if len(os.Args) < 3 {
		fail("usage: vmm WHERE IMAGE [VCPUS]")
	}
	vcpus := 1
	if len(os.Args) > 3 {
		vcpus, _ = strconv.Atoi(os.Args[3])
	}
	m := (*C.struct_machine)(C.calloc(1, C.sizeof_struct_machine))
	C.machine_open(m, C.CString(os.Args[2]), C.uint(vcpus))
	C.machine_start(unsafe.Pointer(m))

	var gdb *C.struct_kvmgdb
	why := (*C.char)(C.calloc(1, 256))
	config := C.struct_kvmgdb_config{flags: C.KVMGDB_WAIT, kvm_fd: m.kvm, vm_fd: m.vm}
	config.size = C.size_t(unsafe.Sizeof(config))
	config.opaque = unsafe.Pointer(m)
	config.reset = (*[0]byte)(C.machine_start)
	config.kill = (*[0]byte)(C.machine_end)
	if C.kvmgdb_open(&config, &gdb, why, 256) < 0 {
		fail(C.GoString(why))
	}
	C.kvmgdb_set_memory(gdb, 0, C.board_ram, C.MACHINE_RAM, unsafe.Pointer(m.ram), 0)
	for i := range m.vcpus[:m.n] {
		v := &m.vcpus[i]
		if C.kvmgdb_add_vcpu(gdb, C.uint(i), v.fd, nil, &v.gdb) < 0 {
			fail("a vCPU")
		}
	}
	port := C.kvmgdb_listen(gdb, C.CString(os.Args[1]), why, 256)
	if port < 0 {
		fail(C.GoString(why))
	}
	fmt.Printf("Listening on port %d\n", port)
	for i := range m.vcpus[:m.n] {
		go run(gdb, &m.vcpus[i])
	}
	select {}
}
