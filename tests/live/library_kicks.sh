# SPDX-License-Identifier: BSD-2-Clause
# A VMM calls its vCPU out, in each of the ways that VMMs have, while a debugger steps and continues.

PARTS=kicks
. tests/live/library.sh
