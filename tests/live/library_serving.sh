# SPDX-License-Identifier: BSD-2-Clause
# As library.sh, with vCPU threads that serve the client.

if [ "$PLACE" = own ]; then
	VCPUS_SERVE=1 build/examples/library "$IMAGE"
else
	machine put "$name" "build/$built-static/examples/library" /bin/library && $IN "VCPUS_SERVE=1 library $IMAGE"
fi
