# SPDX-License-Identifier: BSD-2-Clause
# Kicks in each way that VMMs have: tests/unit/host_embed_kicks.c, on the KVM of a nested machine.

machine put "$name" "build/$built-static/tests/unit/host_embed_kicks" /bin/host_embed_kicks && $IN "host_embed_kicks 40"
