# SPDX-License-Identifier: BSD-2-Clause
# A VMM's vCPU under the embedded host: tests/unit/host_embed.c, on the KVM of a nested machine.

machine put "$name" "build/$built-static/tests/unit/host_embed" /bin/host_embed && $IN host_embed
