# SPDX-License-Identifier: BSD-2-Clause
# What `make demo` types at gdb's prompt; it puts registers of the architecture in the places of
# GENERAL and SYSTEM.
set pagination off
set confirm off
set style enabled off
set trace-commands on
info threads
tbreak square
continue
backtrace
info registers GENERAL
stepi
x/3i $pc
finish
print origin
set var origin.x = 7
print origin
info registers SYSTEM
monitor capabilities
continue
