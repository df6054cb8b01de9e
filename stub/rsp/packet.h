/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The framing of the GDB remote protocol, towards us: bytes become packets, acknowledgements and interrupts. It knows nothing of
 * what a packet says.
 */
#ifndef RSP_PACKET_H
#define RSP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The payload of a packet, in either direction: characters between '$' and '#', as they are on the wire. Our PacketSize. */
#define PACKET_MAX 0x20000

/* What gdb and lldb send to stop a running machine: a bare byte outside any packet. */
#define PACKET_INTERRUPT_BYTE 0x03

enum packet_event {
	PACKET_NOTHING,
	PACKET_WHOLE,	  /* a packet with a good checksum: data, len, fault */
	PACKET_DAMAGED,	  /* a packet whose checksum is not its own */
	PACKET_RESEND,	  /* '-': the last packet did not arrive */
	PACKET_INTERRUPT, /* stop the machine */
	PACKET_ARRIVED,	  /* '+': the last packet did */
	PACKET_FOREIGN,	  /* what no debugger sends between packets: the other side does not speak the protocol */
};

enum packet_state {
	PACKET_BETWEEN,
	PACKET_DATA,
	PACKET_ESCAPED,
	PACKET_SUM_HIGH,
	PACKET_SUM_LOW,
};

struct packet_reader {
	enum packet_state state;
	uint8_t sum;	   /* of the characters so far */
	bool binary;	   /* any byte may come: behind the packet's first ':' or ';' */
	int claimed;	   /* the checksum as sent; negative when a digit was none */
	const char *fault; /* why a whole packet cannot be understood, or NULL */
	size_t len;
	char data[PACKET_MAX + 1]; /* with escapes undone, and a NUL behind it */
};

void packet_reader_init(struct packet_reader *r);

/* Takes the next byte. After PACKET_WHOLE the packet stays in place until the next call. */
enum packet_event packet_feed(struct packet_reader *r, uint8_t byte);

/* What came from a byte that is foreign on, as a sentence that can be shown. */
void packet_tell_foreign(const uint8_t *bytes, size_t n, char *text, size_t size);

#endif
