# SPDX-License-Identifier: BSD-2-Clause
# What a person does at lldb's prompt, with a guest on this machine's own /dev/kvm.

. tests/live/kvm.sh
command -v lldb >/dev/null || skip_all "lldb is not installed"
LLDB=lldb
. tests/live/lldb.sh
