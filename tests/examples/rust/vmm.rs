// SPDX-License-Identifier: BSD-2-Clause

// vmm_halves.c once more, in Rust: KVM_RUN is in the hands of a type that knows of no debugger, as with kvm-ioctls. The machine is in C, as in
// the others; what runs a vCPU is not.

use std::ffi::{CStr, CString};
use std::io;
use std::mem;
use std::os::raw::{c_char, c_int, c_uint, c_ulong, c_void};
use std::ptr;

// ---- kvmgdb.h, as far as it is used here. Of the configuration, what follows `kill` is left out: it counts as zero.

#[repr(C)]
struct Gdb {
    _opaque: [u8; 0],
}

#[repr(C)]
struct GdbVcpu {
    _opaque: [u8; 0],
}

const KVMGDB_WAIT: u32 = 1 << 0;
const KVMGDB_AGAIN: c_uint = 1;

#[repr(C)]
struct GdbConfig {
    size: usize,
    flags: u32,
    kvm_fd: c_int,
    vm_fd: c_int,
    kick_signal: c_int,
    run_signals: u64,
    opaque: *mut c_void,
    log: Option<extern "C" fn(*mut c_void, c_uint, *const c_char)>,
    kick: Option<extern "C" fn(*mut c_void, *mut c_void)>,
    read_memory: Option<extern "C" fn(*mut c_void, u64, *mut c_void, usize) -> isize>,
    write_memory: Option<extern "C" fn(*mut c_void, u64, *const c_void, usize) -> isize>,
    reset: Option<unsafe extern "C" fn(*mut c_void) -> c_int>,
    kill: Option<unsafe extern "C" fn(*mut c_void) -> c_int>,
}

extern "C" {
    fn kvmgdb_open(config: *const GdbConfig, gdb: *mut *mut Gdb, error: *mut c_char, size: usize) -> c_int;
    fn kvmgdb_set_memory(gdb: *mut Gdb, slot: u32, gpa: u64, size: u64, address: *mut u8, flags: u32) -> c_int;
    fn kvmgdb_add_vcpu(gdb: *mut Gdb, index: c_uint, fd: c_int, opaque: *mut c_void, vcpu: *mut *mut GdbVcpu) -> c_int;
    fn kvmgdb_listen(gdb: *mut Gdb, address: *const c_char, error: *mut c_char, size: usize) -> c_int;
    fn kvmgdb_enter(vcpu: *mut GdbVcpu) -> c_int;
    fn kvmgdb_leave(vcpu: *mut GdbVcpu, err: c_int) -> c_uint;
    fn kvmgdb_guest_reset(gdb: *mut Gdb);
    fn kvmgdb_guest_exited(gdb: *mut Gdb, code: c_int);
}

// ---- ../machine.h

const MACHINE_VCPUS: usize = 8;
const MACHINE_RAM: u64 = 0x8000000;
const RESETS: c_uint = 1;
const ENDS: c_uint = 2;

#[repr(C)]
struct Vcpu {
    machine: *mut Machine,
    nr: c_uint,
    fd: c_int,
    run: *mut c_void,
    thread: c_ulong,
    gdb: *mut GdbVcpu,
}

#[repr(C)]
struct Machine {
    kvm: c_int,
    vm: c_int,
    ram: *mut u8,
    image: *const c_char,
    n: c_uint,
    vcpus: [Vcpu; MACHINE_VCPUS],
}

extern "C" {
    static board_ram: u64;
    fn machine_open(machine: *mut Machine, image: *const c_char, vcpus: c_uint);
    fn machine_start(machine: *mut c_void) -> c_int;
    fn machine_end(machine: *mut c_void) -> c_int;
    fn machine_serve(vcpu: *mut Vcpu, code: *mut c_int) -> c_uint;
}

// ---- what owns KVM_RUN

mod kvm {
    use super::*;

    extern "C" {
        fn ioctl(fd: c_int, request: c_ulong, ...) -> c_int;
    }

    #[cfg(target_arch = "powerpc64")]
    const KVM_RUN: c_ulong = 0x2000ae80;
    #[cfg(not(target_arch = "powerpc64"))]
    const KVM_RUN: c_ulong = 0xae80;

    pub struct VcpuFd(pub c_int);

    impl VcpuFd {
        pub fn run(&mut self) -> io::Result<()> {
            match unsafe { ioctl(self.0, KVM_RUN, 0) } {
                0 => Ok(()),
                _ => Err(io::Error::last_os_error()),
            }
        }
    }
}

// ---- the VMM

// What fd.run() alone would have come to. A debugger's exits do not come out.
fn run(gdb: *mut GdbVcpu, fd: &mut kvm::VcpuFd) -> io::Result<()> {
    loop {
        let err = unsafe { kvmgdb_enter(gdb) };
        if err != 0 {
            return Err(io::Error::from_raw_os_error(-err));
        }
        let result = fd.run();
        let err = result.as_ref().err().map_or(0, |e| -e.raw_os_error().unwrap());
        if unsafe { kvmgdb_leave(gdb, err) } != KVMGDB_AGAIN {
            return result;
        }
    }
}

fn run_vcpu(gdb: *mut Gdb, v: &mut Vcpu) {
    let mut fd = kvm::VcpuFd(v.fd);
    let mut code = 0;

    loop {
        match run(v.gdb, &mut fd) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted || e.kind() == io::ErrorKind::WouldBlock => continue,
            Err(e) => fail(&format!("vCPU {}: KVM_RUN: {}", v.nr, e)),
            Ok(()) => (),
        }
        match unsafe { machine_serve(v, &mut code) } {
            RESETS => unsafe {
                machine_start(v.machine.cast());
                kvmgdb_guest_reset(gdb);
            },
            ENDS => {
                unsafe { kvmgdb_guest_exited(gdb, code) };
                std::process::exit(code);
            }
            _ => (),
        }
    }
}

fn fail(why: &str) -> ! {
    eprintln!("vmm: {}", why);
    std::process::exit(1);
}

// A function that fails may say why, in a buffer of this size that it is given.
fn check(err: c_int, why: &[c_char; 256]) -> c_int {
    if err < 0 {
        fail(&unsafe { CStr::from_ptr(why.as_ptr()) }.to_string_lossy());
    }
    err
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if args.len() < 3 {
        fail("usage: vmm WHERE IMAGE [VCPUS]");
    }
    let vcpus = args.get(3).map_or(1, |n| n.parse().unwrap_or(1));
    let image = CString::new(args[2].as_str()).unwrap().into_raw();
    let m: &'static mut Machine = Box::leak(Box::new(unsafe { mem::zeroed() }));
    unsafe {
        machine_open(m, image, vcpus);
        machine_start((m as *mut Machine).cast());
    }

    let mut gdb: *mut Gdb = ptr::null_mut();
    let mut why = [0; 256];
    let config = GdbConfig {
        size: mem::size_of::<GdbConfig>(),
        flags: KVMGDB_WAIT,
        kvm_fd: m.kvm,
        vm_fd: m.vm,
        opaque: (m as *mut Machine).cast(),
        reset: Some(machine_start),
        kill: Some(machine_end),
        ..unsafe { mem::zeroed() }
    };
    unsafe {
        check(kvmgdb_open(&config, &mut gdb, why.as_mut_ptr(), why.len()), &why);
        check(kvmgdb_set_memory(gdb, 0, board_ram, MACHINE_RAM, m.ram, 0), &why);
    }
    let n = m.n as usize;
    for (i, v) in m.vcpus[..n].iter_mut().enumerate() {
        check(unsafe { kvmgdb_add_vcpu(gdb, i as c_uint, v.fd, ptr::null_mut(), &mut v.gdb) }, &why);
    }
    let address = CString::new(args[1].as_str()).unwrap();
    let port = check(unsafe { kvmgdb_listen(gdb, address.as_ptr(), why.as_mut_ptr(), why.len()) }, &why);
    println!("Listening on port {}", port);
    let gdb = gdb as usize; // a handle may go to any thread, which a pointer may not
    std::thread::scope(|s| {
        for v in &mut m.vcpus[..n] {
            let v = v as *mut Vcpu as usize;
            s.spawn(move || run_vcpu(gdb as *mut Gdb, unsafe { &mut *(v as *mut Vcpu) }));
        }
    });
}
