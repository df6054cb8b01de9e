/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's console while nobody reads it: no byte is lost, whoever is kicked, and nobody waits who is not to. */
#include "host/output.h"
#include "../lib/patience.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#define MANY 100000

static struct output output;
static int ends[2];
static atomic_bool never;

/* A pipe that is full of dots. */
static bool open_full(void)
{
	char dots[4096];

	if (pipe(ends))
		return false;
	memset(dots, '.', sizeof(dots));
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	while (write(ends[1], dots, sizeof(dots)) > 0)
		;
	fcntl(ends[1], F_SETFL, 0);
	output_open(&output, ends[1]);
	return true;
}

static void close_all(void)
{
	output_close(&output);
	close(ends[0]);
	close(ends[1]);
}

/* What is in the pipe, but for the dots: up to size - 1 bytes and a NUL. */
static void read_all(char *text, size_t size)
{
	char buf[4096];
	size_t n = strlen(text);
	ssize_t got;

	while ((got = read(ends[0], buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < got && n + 1 < size; i++)
			if (buf[i] != '.')
				text[n++] = buf[i];
	text[n] = '\0';
}

static void test_taken(void)
{
	char text[32] = "";

	if (!ok(!pipe(ends), "a pipe"))
		return;
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	output_open(&output, ends[1]);
	output_put(&output, 'a');
	is_int((int64_t)output_waits(&output), 0, "a console that takes a byte has it at once");
	ok(output_drain(&output, &never), "there is nothing to wait for");
	read_all(text, sizeof(text));
	is_str(text, "a", "and it is that byte");
	close_all();
}

static void test_kicks(void)
{
	static const char digits[] = "0123456789";
	char text[32] = "";
	atomic_bool kicked = true;

	if (!ok(open_full(), "a console that takes nothing"))
		return;
	for (const char *c = digits; *c; c++) {
		output_put(&output, (uint8_t)*c);
		ok(!output_drain(&output, &kicked), "a vCPU that is kicked does not wait");
	}
	is_int((int64_t)output_waits(&output), 10, "what was printed is kept");
	read_all(text, sizeof(text));
	ok(output_drain(&output, &never), "and is written as soon as it is read again");
	read_all(text, sizeof(text));
	is_str(text, digits, "all of it, in order");
	close_all();
}

static void nothing(int signal)
{
	(void)signal;
}

struct waiter {
	atomic_bool kicked, done;
	bool drained;
};

static void *wait_for_console(void *arg)
{
	struct waiter *w = arg;

	w->drained = output_drain(&output, &w->kicked);
	atomic_store(&w->done, true);
	return NULL;
}

/* More than a pipe holds, while somebody reads at last. */
static void test_many(void)
{
	static char text[MANY + 1];
	struct waiter w = { 0 };
	pthread_t thread;
	bool good = true;

	if (!ok(open_full(), "a console that takes nothing"))
		return;
	for (unsigned i = 0; i < MANY; i++)
		output_put(&output, (uint8_t)('a' + i % 26));
	is_int((int64_t)output_waits(&output), MANY, "there is room for much");
	pthread_create(&thread, NULL, wait_for_console, &w);
	while (!atomic_load(&w.done))
		read_all(text, sizeof(text));
	pthread_join(thread, NULL);
	read_all(text, sizeof(text));
	for (unsigned i = 0; i < MANY; i++)
		good &= text[i] == (char)('a' + i % 26);
	ok(w.drained && good, "and it comes in order");
	close_all();
}

/* One waits; it comes out when it is kicked, and the other when the console takes what there is. */
static void test_waiters(void)
{
	struct waiter w[2] = { 0 };
	pthread_t thread[2];
	char text[32] = "";

	if (!ok(open_full(), "a console that takes nothing"))
		return;
	output_put(&output, 'x');
	for (unsigned i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, wait_for_console, &w[i]);
	sleep_ms(120);
	ok(!atomic_load(&w[0].done) && !atomic_load(&w[1].done), "two vCPUs wait");
	atomic_store(&w[0].kicked, true);
	pthread_kill(thread[0], SIGUSR1);
	ok(comes_true(atomic_load(&w[0].done)) && !w[0].drained, "one is kicked, and comes");
	sleep_ms(60);
	ok(!atomic_load(&w[1].done), "the other waits on");
	read_all(text, sizeof(text));
	for (unsigned i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	ok(w[1].drained, "until the console takes it");
	read_all(text, sizeof(text));
	is_str(text, "x", "once");
	close_all();
}

static void test_gone(void)
{
	if (!ok(open_full(), "a console"))
		return;
	close(ends[0]);
	output_put(&output, 'x');
	is_int((int64_t)output_waits(&output), 0, "nobody waits for a reader that has gone");
	output_close(&output);
	close(ends[1]);
	output_open(&output, -1);
	output_put(&output, 'x');
	is_int((int64_t)output_waits(&output), 0, "nor where there is no console");
	output_close(&output);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = nothing }, NULL);
	test_taken();
	test_kicks();
	test_many();
	test_waiters();
	test_gone();
	return done();
}
