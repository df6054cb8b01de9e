# SPDX-License-Identifier: BSD-2-Clause
# The same as linux_x86, with a reset at its end.

end=reboot
. tests/live/linux_x86.sh
