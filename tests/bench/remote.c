/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets, and connecting. See remote.h. */
#include "remote.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "rate.h"

#define CONNECT_TRIES 600 /* of 100 ms: QEMU takes its time in an emulated machine */

/* --- packets */

static void fill(struct server *s)
{
	ssize_t n = read(s->fd, s->in, sizeof(s->in));

	if (n <= 0)
		die("%s: the server has closed the connection", s->column);
	s->at = 0;
	s->have = n;
}

static int next_byte(struct server *s)
{
	if (s->at == s->have)
		fill(s);
	return s->in[s->at++];
}

/* What there is in front of the mark, or all of it; true when the mark was there. */
static bool take_up_to(struct server *s, char mark, size_t *n)
{
	const char *from = s->in + s->at, *found = memchr(from, mark, s->have - s->at);
	size_t len = found ? (size_t)(found - from) : s->have - s->at;

	if (*n + len >= sizeof(s->reply))
		die("%s: a packet that is too long", s->column);
	memcpy(s->reply + *n, from, len);
	*n += len;
	s->at += len + (found != NULL);
	return found;
}

static void write_all(struct server *s, const char *bytes, size_t n)
{
	if (write(s->fd, bytes, n) != (ssize_t)n)
		die("%s: write", s->column);
}

/* It is not taken apart: the length of a run-length encoded reply is of no interest here. */
static void receive_any(struct server *s)
{
	size_t n = 0;

	while (next_byte(s) != '$')
		;
	while (!take_up_to(s, '#', &n))
		fill(s);
	s->reply[n] = '\0';
	next_byte(s);
	next_byte(s);
	if (s->acks)
		write_all(s, "+", 1);
}

/* What the guest or the server prints comes between. */
void receive(struct server *s)
{
	do {
		receive_any(s);
	} while (s->reply[0] == 'O' && isxdigit((unsigned char)s->reply[1]));
}

static void send_packet(struct server *s, const char *format, va_list ap)
{
	char packet[256];
	uint8_t sum = 0;
	int n = 1 + vsnprintf(packet + 1, sizeof(packet) - 4, format, ap);

	packet[0] = '$';
	for (int i = 1; i < n; i++)
		sum += packet[i];
	n += sprintf(packet + n, "#%02x", sum);
	write_all(s, packet, n);
}

void tell(struct server *s, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	send_packet(s, format, ap);
	va_end(ap);
}

void ask(struct server *s, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	send_packet(s, format, ap);
	va_end(ap);
	receive(s);
}

void expect(const struct server *s, const char *first, const char *what)
{
	errno = 0;
	if (!s->reply[0] || !strchr(first, s->reply[0]))
		die("%s: %s: %.60s", s->column, what, s->reply[0] ? s->reply : "is not supported");
}

void interrupt(struct server *s)
{
	write_all(s, "\003", 1);
	receive(s);
	expect(s, "TS", "Ctrl-C");
}

/* --- connecting */

static int connect_unix(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	close(fd);
	return -1;
}

static int connect_tcp(const char *server)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	const char *colon = strrchr(server, ':');
	char host[64];
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	snprintf(host, sizeof(host), "%.*s", colon ? (int)(colon - server) : 0, server);
	if (!colon || inet_pton(AF_INET, host, &addr.sin_addr) != 1)
		die("%s: not ADDRESS:PORT", server);
	addr.sin_port = htons(atoi(colon + 1));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	close(fd);
	return -1;
}

static void connect_to(struct server *s, const char *server)
{
	for (unsigned i = 0; s->fd < 0 && i < CONNECT_TRIES; i++) {
		s->fd = strchr(server, '/') ? connect_unix(server) : connect_tcp(server);
		if (s->fd < 0)
			usleep(100000);
	}
	if (s->fd < 0)
		die("%s: cannot connect to %s", s->column, server);
}

void open_server(struct server *s, const char *column, const char *server)
{
	const char *size;

	*s = (struct server){ .column = column, .fd = -1, .acks = true };
	connect_to(s, server);
	ask(s, "qSupported:multiprocess+;swbreak+;hwbreak+;vContSupported+;binary-upload+");
	size = strstr(s->reply, "PacketSize=");
	s->packet_size = size ? strtoul(size + strlen("PacketSize="), NULL, 16) : 256;
	s->binary = strstr(s->reply, "binary-upload+");
	ask(s, "QStartNoAckMode");
	s->acks = strcmp(s->reply, "OK") != 0;
	/* QEMU takes no P from a client that does not know its registers; gdbserver (13) tells of none before a thread is selected. */
	ask(s, "Hgp0.0");
	ask(s, "qXfer:features:read:target.xml:0,100");
	ask(s, "vCont?");
	s->ranges = strstr(s->reply, ";r") != NULL;
	ask(s, "?");
	expect(s, "TS", "?");
}
