# SPDX-License-Identifier: BSD-2-Clause
# The session of lldb.t, with a newer lldb.

. tests/live/kvm.sh
fetch_client lldb-19
LLDB=$client
. tests/live/lldb.sh
