/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets in any order, to the real serve/, rsp/ and run/ over a simulated guest: every packet is answered, a machine that runs stops
 * when it is told to, whoever comes next is served, and SIGTERM is heard. The order is chance: what it grew from is printed when it
 * fails. SERVE_PACKETS_SEED tries that one alone, SERVE_PACKETS_ROUNDS more of them.
 */
#include "sim_server.h"

#define ROUNDS 40
#define PACKETS 30

/* What kind of answer a packet has. */
enum answers {
	ANSWERS,
	RESUMES, /* in all-stop the stop answers */
	NEVER,	 /* R */
	KILLS,
	LEAVES
};

static const struct {
	const char *payload;
	enum answers answers;
} words[] = {
	{ "!", ANSWERS },
	{ "D", LEAVES },
	{ "D;1", LEAVES },
	{ "QNonStop:1", ANSWERS },
	{ "QNonStop:1", ANSWERS },
	{ "QNonStop:0", ANSWERS },
	{ "vCont;c", RESUMES },
	{ "vCont;c", RESUMES },
	{ "vCont;c:1", RESUMES },
	{ "vCont;s:1", RESUMES },
	{ "vCont;s:2;c", RESUMES },
	{ "vCont;r80001000,80001008:1", RESUMES },
	{ "vCont;t", RESUMES },
	{ "vCont;t:1", RESUMES },
	{ "c", RESUMES },
	{ "s", RESUMES },
	{ "m80001000,4", ANSWERS },
	{ "M80002100,4:01020304", ANSWERS },
	{ "vCtrlC", ANSWERS },
	{ "qC", ANSWERS },
	{ "?", ANSWERS },
	{ "g", ANSWERS },
	{ "p20", ANSWERS },
	{ "Hg1", ANSWERS },
	{ "Hg2", ANSWERS },
	{ "Hc-1", ANSWERS },
	{ "T2", ANSWERS },
	{ "Z0,80001000,4", ANSWERS },
	{ "Z0,80001000,4;X3,220027", ANSWERS },
	{ "z0,80001000,4", ANSWERS },
	{ "vStopped", ANSWERS },
	{ "qfThreadInfo", ANSWERS },
	{ "qThreadExtraInfo,2", ANSWERS },
	{ "QThreadEvents:1", ANSWERS },
	{ "Qqemu.sstep=1", ANSWERS },
	{ "Qqemu.sstep=7", ANSWERS },
	{ "qRcmd,636f756e74657273", ANSWERS }, /* counters */
	{ "vAttach;1", ANSWERS },
	{ "vKill;1", KILLS },
	{ "k", KILLS },
	{ "R00", NEVER },
};

#define WORDS (sizeof(words) / sizeof(*words))

/* What the client knows. */
static struct {
	struct sim_client client;
	bool extended, non_stop;
	bool waits;  /* for the machine to stop */
	bool over;   /* the server ends, or has ended, and may */
	bool killed; /* ... when this client goes */
	char why[256];
	char said[PACKETS * 40]; /* to be read by who looks for the fault */
} now;

static unsigned seed;
static unsigned end_after; /* runs of the guest's last vCPU; 0: it does not end */

static unsigned chance(unsigned n)
{
	return (unsigned)rand_r(&seed) % n;
}

static void play_and_end(struct sim_host *sim, unsigned vcpu, enum host_run how)
{
	if (how != HOST_SETTLE && sim->vcpu[vcpu].runs >= end_after)
		leave(sim, vcpu, EXIT_ENDED);
	else
		play(sim, vcpu, how);
}

static void end_guest(unsigned vcpus)
{
	if (end_after)
		rig->sim->vcpu[vcpus - 1].on_run = play_and_end;
}

static bool fails(const char *why)
{
	if (!now.why[0])
		snprintf(now.why, sizeof(now.why), "%s", why);
	return false;
}

static void note(const char *what)
{
	size_t n = strlen(now.said);

	snprintf(now.said + n, sizeof(now.said) - n, " %.30s", what);
}

/*
 * The resume's own answer: also that it was refused, for which there are other words than to what may not be asked meanwhile. (qRcmd has
 * words of its own.)
 */
static bool is_stop(const char *packet)
{
	if (packet[0] == 'E')
		return strcmp(packet, "E01") && !strstr(packet, "running");
	return packet[0] && strchr("TSWX", packet[0]);
}

static void note_stop(void)
{
	now.waits = false;
	now.over |= !now.extended && strchr("WX", now.client.packet[0]);
}

/* The answer to a packet; a stop may come before it. False when there is none. */
static bool hear_answer(void)
{
	while (client_hear(&now.client, PATIENCE)) {
		const char *p = now.client.packet;

		if (p[0] == '%' || (p[0] == 'O' && strcmp(p, "OK")))
			continue;
		if (!now.waits || !is_stop(p))
			return true;
		note_stop();
	}
	return false;
}

static bool hear_stop(int ms)
{
	while (client_hear(&now.client, ms)) {
		if (!is_stop(now.client.packet))
			continue;
		note_stop();
		return true;
	}
	return false;
}

static bool interrupt(void)
{
	note("^C");
	client_put(&now.client, "\3", 1);
	return hear_stop(PATIENCE) || now.client.ended || fails("a Ctrl-C is not answered");
}

static bool is_ok(void)
{
	return !strcmp(now.client.packet, "OK");
}

/* While the machine runs it is refused, unless the stop was on its way: then it is a resume like any other. */
static bool say_resume(const char *payload)
{
	bool waited = now.waits;

	client_say(&now.client, payload);
	if (now.non_stop)
		return hear_answer() || fails("a resume is not answered");
	while (waited && client_hear(&now.client, PATIENCE) && !is_stop(now.client.packet))
		if (now.client.packet[0] == 'E')
			return true;
	if (waited && !is_stop(now.client.packet))
		return fails("a second resume is neither refused nor done");
	if (waited)
		note_stop();
	now.waits = !now.over;
	hear_stop((int)chance(4));
	return true;
}

/* A kill of a guest that outlives the connection: `k` has no answer then. */
static bool say_kill(const char *payload)
{
	bool outlived = now.extended && !now.waits;

	client_say(&now.client, payload);
	now.over |= !outlived;
	now.killed |= outlived; /* restarted or not */
	if (outlived && payload[0] == 'k')
		return true;
	return hear_answer() || now.over || fails("a kill is not answered");
}

static bool reconnect(void)
{
	close(now.client.fd);
	now.over = now.killed || end_after;
	if (now.over)
		return true;
	now.extended = now.non_stop = now.waits = false;
	note("|");
	return client_open(&now.client, PATIENCE) || fails("a new client is not served");
}

/* Under extended-remote it is the guest that is left, unless it runs just then. */
static bool say_leave(const char *payload)
{
	bool stays = now.extended && !now.non_stop && !now.waits;

	client_say(&now.client, payload);
	if (!hear_answer())
		return fails("D is not answered");
	return !is_ok() || stays || reconnect();
}

static bool say_plain(const char *payload)
{
	client_say(&now.client, payload);
	if (!hear_answer())
		return fails("a packet is not answered");
	now.extended |= !strcmp(payload, "!") && is_ok();
	if (!strncmp(payload, "QNonStop:", 9) && is_ok())
		now.non_stop = payload[9] == '1';
	return true;
}

static bool say(unsigned word)
{
	const char *payload = words[word].payload;

	note(payload);
	switch (words[word].answers) {
	case RESUMES:
		return say_resume(payload);
	case KILLS:
		return say_kill(payload);
	case LEAVES:
		return say_leave(payload);
	case NEVER:
		if (!now.extended)
			break;
		if (!now.waits)
			client_say(&now.client, payload);
		return true;
	case ANSWERS:
		break;
	}
	return say_plain(payload);
}

/* One in three rounds begins as what was a dead end once. */
static bool talk(void)
{
	static const char *const begins[] = { "!", "D", "QNonStop:1" };
	bool as_then = !chance(3), going = client_open(&now.client, PATIENCE) || fails("the first client is not served");

	for (unsigned i = 0; going && as_then && i < sizeof(begins) / sizeof(*begins); i++) {
		note(begins[i]);
		going = begins[i][0] == 'D' ? say_leave(begins[i]) : say_plain(begins[i]);
	}
	for (unsigned i = 0; going && i < PACKETS && !now.over; i++)
		going = now.waits && chance(2) ? interrupt() : say(chance(WORDS));
	return going || now.over || (now.client.ended && end_after);
}

/* Whoever comes next is served, unless the guest is over. */
static bool comes_again(void)
{
	return now.over || now.client.ended || reconnect();
}

static bool ends(void)
{
	int status;

	close(now.client.fd);
	kill(server_pid, SIGTERM);
	status = wait_server(PATIENCE);
	if (status == -1)
		return fails("SIGTERM is not heard");
	if (!WIFSIGNALED(status))
		return true;
	printf("# the server's end: %s\n", strsignal(WTERMSIG(status)));
	return fails("the server crashed");
}

static void show_said(void)
{
	char line[512];
	FILE *f = fopen(server_said, "r");

	while (f && fgets(line, sizeof(line), f))
		printf("# server: %s", line);
	if (f)
		fclose(f);
}

static bool try_seed(unsigned from)
{
	bool good, software;

	seed = from;
	memset(&now, 0, sizeof(now));
	software = chance(2);
	end_after = chance(4) ? 0 : 1 + chance(40);
	server_self = chance(2);
	start_server(2, software, end_guest);
	good = talk() && comes_again();
	good = ends() && good;
	if (!good) {
		printf("# SERVE_PACKETS_SEED=%u: %s; said, %s, %s:%s\n", from, now.why, software ? "software" : "KVM steps",
			server_self ? "served by the watcher" : "served by vCPU threads", now.said);
		show_said();
	}
	return good;
}

int main(void)
{
	const char *one = getenv("SERVE_PACKETS_SEED"), *many = getenv("SERVE_PACKETS_ROUNDS");
	unsigned rounds = many ? (unsigned)strtoul(many, NULL, 0) : ROUNDS;
	unsigned first = one ? (unsigned)strtoul(one, NULL, 0) : (unsigned)getpid() ^ (unsigned)clock_us();
	bool good = true;

	for (unsigned i = 0; i < (one ? 1 : rounds) && good; i++)
		good = try_seed(first + i);
	ok(good, "packets in any order");
	remove_server();
	return done();
}
