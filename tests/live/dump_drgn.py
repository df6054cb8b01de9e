# SPDX-License-Identifier: BSD-2-Clause
# dump_drgn.py CORE VMLINUX: what drgn finds in a core file of a Linux guest that has panicked: its release, its processes, who has panicked and
# how that came, and its log.
import sys

import drgn
from drgn.helpers.linux.pid import for_each_task
from drgn.helpers.linux.printk import get_dmesg

program = drgn.Program()
program.set_core_dump(sys.argv[1])
program.load_debug_info([sys.argv[2]])
print("release", program["init_uts_ns"].name.release.string_().decode())
print("processes", *(task.comm.string_().decode() for task in for_each_task(program)))
print("trace", *(frame.name for frame in program.crashed_thread().stack_trace()))
print(get_dmesg(program).decode(), end="")
