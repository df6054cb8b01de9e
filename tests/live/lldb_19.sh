# SPDX-License-Identifier: BSD-2-Clause
# The sessions of lldb.sh, with a newer lldb.

fetch_client lldb-19
LLDB=$client
. tests/live/lldb.sh
