/* SPDX-License-Identifier: BSD-2-Clause */
/* A debugger's end of the connection. See library_rig.h. */
#include "library_rig.h"

#include <err.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void client_say(int fd, const char *packet)
{
	char frame[4096];
	unsigned sum = 0;

	for (const char *c = packet; *c; c++)
		sum += (uint8_t)*c;
	snprintf(frame, sizeof(frame), "$%s#%02x", packet, sum & 0xff);
	if (send(fd, frame, strlen(frame), MSG_NOSIGNAL) < 0)
		return;
}

void client_interrupt(int fd)
{
	send(fd, "\003", 1, MSG_NOSIGNAL);
}

static bool read_byte(int fd, int64_t until, char *c)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t left = until - now_ms();

	return poll(&p, 1, left > 0 ? (int)left : 0) > 0 && recv(fd, c, 1, 0) == 1;
}

static const char *wait_for(int fd, int ms, char head)
{
	static _Thread_local char reply[0x8000];
	int64_t until = now_ms() + ms;
	size_t n = 0;
	char c;

	do {
		if (!read_byte(fd, until, &c))
			return "";
	} while (c != head);
	while (read_byte(fd, until, &c) && c != '#' && n < sizeof(reply) - 1)
		reply[n++] = c;
	reply[n] = '\0';
	read_byte(fd, until, &c);
	read_byte(fd, until, &c);
	return reply;
}

const char *client_wait(int fd, int ms)
{
	return wait_for(fd, ms, '$');
}

bool client_stop(int fd)
{
	client_interrupt(fd);
	return client_wait(fd, PATIENCE)[0] == 'T';
}

const char *client_notified(int fd, int ms)
{
	return wait_for(fd, ms, '%');
}

const char *client_ask(int fd, int ms, const char *format, ...)
{
	char packet[2048];
	va_list ap;

	va_start(ap, format);
	vsnprintf(packet, sizeof(packet), format, ap);
	va_end(ap);
	client_say(fd, packet);
	return client_wait(fd, ms);
}

/* The client before this one is told to be gone a moment before the next is taken. */
static bool is_taken(struct rig *r, int pair[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		err(1, "socketpair");
	if (!kvmgdb_serve(r->gdb, pair[1]))
		return true;
	close(pair[0]);
	return false;
}

int client_open(struct rig *r)
{
	int pair[2];

	if (!comes_true(is_taken(r, pair)))
		return -1;
	if (strcmp(client_ask(pair[0], PATIENCE, "QStartNoAckMode"), "OK") || send(pair[0], "+", 1, MSG_NOSIGNAL) != 1 ||
		client_ask(pair[0], PATIENCE, "qSupported:swbreak+;hwbreak+;vContSupported+;error-message+")[0] == '\0' ||
		client_ask(pair[0], PATIENCE, "?")[0] != 'T') {
		close(pair[0]);
		return -1;
	}
	return pair[0];
}

int client_at_tick(struct rig *r, unsigned times)
{
	int fd = client_open(r);

	client_break(r, fd, "Z0", "tick");
	while (times--)
		client_ask(fd, PATIENCE, "vCont;c");
	return fd;
}

int client_while_away(struct rig *r, bool *stopped)
{
	int fd = client_open(r);

	client_say(fd, "vCont;c");
	rig_stay(r);
	*stopped = client_stop(fd);
	return fd;
}

const char *client_break(const struct rig *r, int fd, const char *packet, const char *where)
{
	return client_ask(fd, PATIENCE, "%s,%llx,%u", packet, (unsigned long long)rig_symbol(r, where, NULL), KIND);
}

static void to_hex(char *hex, const char *text)
{
	*hex = '\0';
	for (size_t i = 0; text[i]; i++)
		snprintf(hex + 2 * i, 3, "%02x", (uint8_t)text[i]);
}

const char *client_monitor(int fd, const char *line, char *text, size_t size)
{
	char hex[200];
	const char *reply;
	size_t n = 0;

	to_hex(hex, line);
	reply = client_ask(fd, PATIENCE, "qRcmd,%s", hex);
	for (; reply[0] == 'O' && reply[1] != 'K'; reply = client_wait(fd, PATIENCE))
		n += (size_t)snprintf(text + n, n < size ? size - n : 0, "%s", reply + 1);
	return reply;
}

bool client_says(const char *said, const char *words)
{
	char hex[200];

	to_hex(hex, words);
	return strstr(said, hex) != NULL;
}

bool client_sees_plants(int fd)
{
	char said[0x2000] = "";

	client_monitor(fd, "capabilities", said, sizeof(said));
	return client_says(said, "planted opcode        works");
}
