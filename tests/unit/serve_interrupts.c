/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Ctrl-C that comes while the machine stands, or as it stops for something else: the next resume is interrupted. gdb sends it between
 * the stops of which the user sees nothing, and waits for the answer.
 */
#include "sim_server.h"

#define ROUNDS 200

static struct sim_client *client;

static bool is(const char *begin)
{
	return !strncmp(client->packet, begin, strlen(begin));
}

static bool ask(const char *payload, const char *answer)
{
	bool good = client_ask(client, payload, PATIENCE) && is(answer);

	if (!good)
		printf("# %s: %s\n", payload, client->packet);
	return good;
}

static void interrupt(void)
{
	client_put(client, "\3", 1);
}

static bool counts_nothing(void)
{
	return ask("m80002000,10", "00000000000000000000000000000000");
}

static void test_before_it_runs(void)
{
	interrupt();
	ok(ask("qC", "QC"), "a Ctrl-C that finds the machine stopped has no answer of its own");
	ok(ask("vCont;c", "T02"), "... the next resume is interrupted");
	ok(counts_nothing(), "... before anything is executed");
	interrupt();
	ok(ask("vCont;s:1", "T02") && counts_nothing(), "so is a step");
	ok(ask("vCont;s:1", "T05"), "... once");
	client_say(client, "vCont;c");
	interrupt();
	ok(client_hear(client, PATIENCE) && is("T02"), "it runs, and a Ctrl-C stops it as ever");
	ok(ask("vCont;s:1", "T05"), "... once");
}

static void test_at_breakpoint(void)
{
	ok(ask("Z0,80001000,4", "OK") && ask("vCont;c", "T05"), "at a breakpoint");
	interrupt();
	ok(ask("vCont;c", "T02"), "... a Ctrl-C is for the next resume");
	ok(ask("vCont;c", "T05"), "... and the breakpoint is met again");
}

/* The client goes on from each stop, as gdb does where a condition that it evaluates is false. */
static void test_crossing(void)
{
	unsigned lost = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		client_say(client, "vCont;c");
		interrupt();
		if (!client_hear(client, PATIENCE) || (!is("T02") && !ask("vCont;c", "T02")))
			lost++;
	}
	is_int(lost, 0, "a Ctrl-C that crosses the stop of a breakpoint is not lost");
	ok(ask("z0,80001000,4", "OK"), "... and the breakpoint is taken out");
}

static void test_server(bool software, bool self)
{
	printf("# %s%s\n", software ? "stepped by planted opcodes" : "stepped by KVM", self ? ", served by the watcher" : "");
	server_self = self;
	start_server(2, software, NULL);
	client = calloc(1, sizeof(*client));
	ok(client_open(client, PATIENCE), "a client is served");
	test_before_it_runs();
	test_at_breakpoint();
	test_crossing();
	close(client->fd);
	free(client);
	kill(server_pid, SIGTERM);
	ok(wait_server(PATIENCE) != -1, "the server ends");
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	test_server(false, false);
	test_server(true, false);
	test_server(false, true);
	remove_server();
	return done();
}
