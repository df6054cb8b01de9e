/* SPDX-License-Identifier: BSD-2-Clause */
/* What transcripts cannot show of a session: how much input is used, what is traced, and answers that fill a packet. */
#include <stdlib.h>

#include "fake_target.h"
#include "rsp/input.h"
#include "rsp/unasked.h"
#include "tap.h"

/* Too many for one packet. */
#define THREADS 30000 /* more than a packet has room for */

static struct fake fake;
static struct session session;
static char sent[0x40000], traced[0x4000];
static size_t sent_len;

static void receive(void *arg, const void *bytes, size_t n)
{
	(void)arg;
	if (n >= sizeof(sent) - sent_len)
		abort();
	memcpy(sent + sent_len, bytes, n);
	sent_len += n;
	sent[sent_len] = '\0';
}

static void trace_line(void *arg, const char *line)
{
	(void)arg;
	if (strlen(line) + strlen(traced) + 2 < sizeof(traced))
		strcat(strcat(traced, line), "\n");
}

static void connect(void)
{
	struct target target;

	fake_init(&fake);
	target = fake_target(&fake);
	session_init(&session, receive, NULL);
	session_attach(&session, &target);
	session_input(&session, (const uint8_t *)"$qSupported#37", 14);
	sent_len = 0;
	sent[0] = traced[0] = '\0';
}

/* Sends packets of plain text, separated by spaces, in one piece, up to where the state changes; how much of it was used. */
static size_t say(const char *payloads)
{
	char bytes[0x2000];
	size_t n = 0, used = 0;

	sent_len = 0;
	while (*payloads) {
		size_t len = strcspn(payloads, " ");
		unsigned sum = 0;

		for (size_t i = 0; i < len; i++)
			sum += (unsigned char)payloads[i];
		n += (size_t)snprintf(bytes + n, sizeof(bytes) - n, "$%.*s#%02x", (int)len, payloads, sum & 0xff);
		payloads += len + (payloads[len] == ' ');
	}
	while (used < n) {
		enum session_state before = session.state;
		size_t more = session_input(&session, (uint8_t *)bytes + used, n - used);

		if (!more)
			break;
		used += more;
		if (session.state != before)
			break;
	}
	return used;
}

static void test_used(void)
{
	connect();
	is_int((int64_t)session_input(&session, (const uint8_t *)"++$qC#b4+$qC#b4", 15), 8, "a packet is answered at a time");
	is_int((int64_t)say("qC qC"), 12, "questions are all used");
	is_int((int64_t)say("c qC"), 5, "a resume ends the input");
	is_int(session.state, SESSION_RUNNING, "the machine runs");
	is_int((int64_t)say("g p1 qC"), 17, "a running machine's input is all used");
	is_int((int64_t)say("D qC"), 5, "a detach ends the input");
	is_int(session.state, SESSION_DETACHED, "the client has left");
	is_int((int64_t)say("qC"), 0, "nothing is used after that");
	connect();
	is_int((int64_t)say("k qC"), 5, "a kill ends the input");
	is_int((int64_t)say("qC"), 0, "and nothing is used after that");
	connect();
	is_int((int64_t)session_input(&session, NULL, 0), 0, "no input");
}

static void test_late_stop(void)
{
	struct stop stop = { .kind = STOP_SIGNAL, .thread = 1, .signal = 5, .text = "unheard" };

	connect();
	say("c D");
	say("D");
	sent_len = 0;
	session_stopped(&session, &stop);
	is_int((int64_t)sent_len, 0, "a stop after the client left is not sent");
	is_int(session.state, SESSION_DETACHED, "and changes nothing");
}

/* Everything that the table has and that is about a machine, with arguments that its form takes. */
static const char *const questions[] = {
	"C5",
	"D",
	"D1",
	"D;1",
	"G00",
	"Hc1",
	"Hg1",
	"M0,1:00",
	"P1=00",
	"QThreadEvents:1",
	"Qqemu.PhyMemMode:1",
	"Qqemu.sstep=1",
	"Qqemu.sstepbits",
	"R00",
	"S5",
	"T1",
	"X0,1:a",
	"Z0,0,4",
	"c",
	"jThreadsInfo",
	"g",
	"k",
	"m0,4",
	"p1",
	"qAttached",
	"qC",
	"qCRC:0,4",
	"qHostInfo",
	"qMemoryRegionInfo:0",
	"qProcessInfo",
	"qRcmd,68656c70",
	"qSearch:memory:0;4;a",
	"qThreadExtraInfo,1",
	"qThreadStopInfo1",
	"qWatchpointSupportInfo:",
	"qXfer:exec-file:read::0,100",
	"qqemu.PhyMemMode",
	"qqemu.sstep",
	"qqemu.sstepbits",
	"s",
	"vAttach;1",
	"vCont;c",
	"vCtrlC",
	"vFile:close:0",
	"vFile:fstat:0",
	"vFile:open:61,0,0",
	"vFile:pread:0,1,0",
	"vFile:setfs:0",
	"vFile:stat:61",
	"vFile:unlink:61",
	"vKill;1",
	"x0,4",
	"z0,0,4",
};

static void connect_to_nothing(void)
{
	session_init(&session, receive, NULL);
	say("QStartNoAckMode");
	say("qSupported:error-message+;vContSupported+");
}

static void test_unattached(void)
{
	unsigned refused = 0;

	connect_to_nothing();
	ok(strstr(sent, "PacketSize="), "a connection without a machine is introduced");
	say("!");
	ok(strstr(sent, "$OK#"), "... and stays when a guest has ended");
	for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++) {
		say(questions[i]);
		if (strstr(sent, "no guest") || strstr(sent, "6e6f206775657374" /* on the console */))
			refused++;
		else
			printf("# %s: %s\n", questions[i], sent);
	}
	is_int(refused, sizeof(questions) / sizeof(*questions), "... and what asks for a machine is refused with a sentence");
	is_int(session.state, SESSION_ALONE, "... and changes nothing");
	say("? Hg0 Hc-1 QNonStop:1 qXfer:threads:read::0,100 qfThreadInfo qXfer:features:read:target.xml:0,100 ?");
	ok(!strstr(sent, "no guest"), "... but for what a client asks before it chooses one");
	session_input(&session, (const uint8_t *)"\003", 1);
	session_event(&session);
	session_print(&session, "text");
	say("nothing");
	ok(strstr(sent, "$#00"), "... and what is unknown stays so");
}

/* The same client, with another machine. */
static void test_attachments(void)
{
	struct target target = fake_target(&fake);

	connect_to_nothing();
	fake_init(&fake);
	session_attach(&session, &target);
	say("Hg2 qC");
	ok(strstr(sent, "QC2"), "a machine is attached to");
	say("Qqemu.PhyMemMode:1");
	fake.description = "<one/>";
	say("qXfer:features:read:target.xml:0,100");
	ok(strstr(sent, "l<one/>"), "... and described");
	session_attach(&session, NULL);
	say("qC");
	ok(strstr(sent, "no guest"), "... and left");
	session_attach(&session, &target);
	fake.description = "<another/>";
	say("qXfer:features:read:target.xml:0,100");
	ok(strstr(sent, "l<another/>"), "the next attachment of a connection has a description of its own");
	say("qC");
	ok(strstr(sent, "QC1"), "... and knows nothing of the former one's threads");
	say("qqemu.PhyMemMode");
	ok(strstr(sent, "$0#"), "... nor of how its memory was read");
	say("p99");
	ok(strstr(sent, "$E."), "... and the client is who it was");
}

static void test_trace(void)
{
	connect();
	session_trace(&session, trace_line, NULL);
	say("QStartNoAckMode qC X20,1:\\ x20,1");
	session_input(&session, (const uint8_t *)"$X0,1:\x01#20", 10);
	is_str(traced,
		"<- QStartNoAckMode\n-> OK\n<- qC\n-> QC1\n<- X20,1:\\x5c\n-> OK\n<- x20,1\n-> b\\x5c\n<- X0,1:\\x01\n-> OK\n",
		"packets are traced, a line each");
	traced[0] = '\0';
	say("m0,1000");
	ok(strlen(traced) < 500 && strstr(traced, "...\n"), "long ones are cut");
	session_trace(&session, NULL, NULL);
	traced[0] = '\0';
	say("qC");
	is_str(traced, "", "and no longer");
}

/* The number of packets sent, or -1 when one is longer than it may be. */
static int packets(void)
{
	int n = 0;
	char *at = sent, *last = sent + sent_len;

	while ((at = memchr(at, '$', (size_t)(last - at)))) {
		char *end = memchr(at, '#', (size_t)(last - at));

		if (!end || end - at - 1 > PACKET_MAX)
			return -1;
		at = end;
		n++;
	}
	return n;
}

static void test_full(void)
{
	connect();
	say("m0,ffffffffffffffff");
	ok(packets() == 1 && sent_len == 1 + PACKET_MAX + 4, "a long read is cut to a packet");
	memset(fake.memory, '$', sizeof(fake.memory));
	say("x0,ffffffff");
	ok(packets() == 1 && sent_len <= 1 + PACKET_MAX + 4 && sent_len > PACKET_MAX, "a binary one, too");

	/* say 19999 xxxx */
	say("qRcmd,7361792031393939392078787878");
	ok(packets() == 3 && !strcmp(sent + sent_len - 6, "$OK#9a"), "a long text takes more packets");
}

/* Every thread once, and at last an l. */
static void test_many_threads(void)
{
	unsigned next = 1;
	bool good = true;

	connect();
	fake.threads = THREADS;
	for (say("qfThreadInfo"); sent[2] == 'm' && good; say("qsThreadInfo")) {
		for (char *at = sent + 2; *at != '#' && good; next++)
			good = strtoul(at + 1, &at, 16) == next && packets() == 1;
	}
	ok(good && next == THREADS + 1, "all threads are listed, in order");
	is_str(sent, "+$l#6c", "and then the end");
	say("qfThreadInfo");
	ok(packets() == 1 && sent_len > PACKET_MAX - 20, "a list fills its packets");
}

int main(void)
{
	test_used();
	test_late_stop();
	test_unattached();
	test_attachments();
	test_trace();
	test_full();
	test_many_threads();
	return done();
}
