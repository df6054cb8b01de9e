# SPDX-License-Identifier: BSD-2-Clause
# What session.sh leaves out on an emulated machine.

export PARTS="${PARTS:-connect end stress events}"
case $ARCH in
arm64) load_module && export BATCHES="${BATCHES:-many blocks}" ;;
*) load_module && export BATCHES="${BATCHES:-many one}" ;;
esac
expect tests/live/session.exp "$ARCH"
