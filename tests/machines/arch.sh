# SPDX-License-Identifier: BSD-2-Clause
# What differs between the machines of two architectures: one arm of a case each. Sourced by fetch and machine.

# Part of the cache's path: raise it when what fetch puts there changes.
# shellcheck disable=SC2034 # used by those who source this file
cache_layout=2

# describe_arch ARCH sets what follows. ARCH is Debian's name of an architecture, or that with -newest: the same machine with
# the newest kernel that Debian's backports have.
#   debian_arch     Debian's name
#   make_arch       the Makefile's name
#   cross           prefix of the tools that compile for it
#   kernel          metapackage that leads to the kernel
#   suite           Debian release to take it from, if not this computer's own
#   modules         what /dev/kvm and the network need, beyond what is built in
#   qemu            program
#   qemu_package    its package
#   qemu_newer      oldest version that will do; with an older one installed, fetch takes it from backports
#   qemu_machine    options that make a machine with virtualization
#   cpus            of the machine
#   console         serial console
#   kernel_options  what its kernel is told besides
# shellcheck disable=SC2034,SC2100
describe_arch() {
	modules='virtio_pci virtio_net'
	qemu_newer=7
	cpus=2
	suite=
	kernel_options=
	case $1 in
	*-newest)
		describe_arch "${1%-newest}" || return 1
		suite=trixie-backports
		return
		;;
	esac
	debian_arch=$1
	case $1 in
	arm64)
		make_arch=arm64
		cross=aarch64-linux-gnu-
		kernel=linux-image-arm64
		qemu=qemu-system-aarch64
		qemu_package=qemu-system-arm
		# Real pointer authentication (QARMA) takes half of the emulator's time.
		qemu_machine='-M virt,virtualization=on,gic-version=3 -cpu max,pauth-impdef=on'
		console=ttyAMA0
		;;
	amd64)
		make_arch=x86_64
		cross=x86_64-linux-gnu-
		kernel=linux-image-cloud-amd64
		modules="$modules kvm_amd"
		qemu=qemu-system-x86_64
		qemu_package=qemu-system-x86
		# Before 10, debug registers of a nested guest do nothing: no hardware breakpoint, no watchpoint.
		qemu_newer=10
		# With a thread for each CPU, one in 40 runs of two vCPUs that are entered all the time took a page fault (error code 0)
		# on a page that was there all the time, with QEMU 10.0.
		qemu_machine='-M q35 -cpu max,+svm,+npt -accel tcg,thread=single'
		# With two, Debian's kernel as a guest was seen to hang, waiting for a lock that it held itself: in a timer interrupt that had
		# come, with interrupts off, within another one. With one it never was. (QEMU 10.0; helper_vmrun() leaves exception_index set
		# to an injected vector, and with several CPUs the thread is kicked every tenth of a second: likely why, not proven.)
		cpus=1
		# Or its TSCs are taken for unsynchronized, for it is several processors of AMD's: then its time, and a guest's, is made of
		# what is slow and goes astray.
		kernel_options=tsc=reliable
		console=ttyS0
		;;
	ppc64el)
		make_arch=powerpc
		cross=powerpc64le-linux-gnu-
		kernel=linux-image-powerpc64le
		modules="$modules kvm_hv"
		qemu=qemu-system-ppc64
		qemu_package=qemu-system-ppc
		# A hypervisor's own machine: a pseries one with nested KVM has no breakpoints, nor has powernv before 10.
		qemu_newer=10
		# With -nodefaults it has no PCI bus of its own.
		qemu_machine='-M powernv9 -vga none -device pnv-phb,chip-id=0,index=0,id=phb -device pnv-phb-root-port,id=rp'
		console=hvc0
		;;
	riscv64)
		make_arch=riscv64
		cross=riscv64-linux-gnu-
		kernel=linux-image-riscv64
		# The first release that has riscv64; its Linux 6.12 is recent enough, too: KVM_SET_GUEST_DEBUG came after 6.1.
		suite=trixie
		modules="$modules kvm"
		qemu=qemu-system-riscv64
		qemu_package=qemu-system-misc
		qemu_machine='-M virt -cpu rv64,h=true,v=true'
		console=ttyS0
		;;
	*)
		echo "no nested machine for architecture '$1'" >&2
		return 1
		;;
	esac
}

cache_of() {
	printf '%s/%s\n' "${KVM_GDBSERVER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kvm-gdbserver}/$cache_layout" "$1"
}
