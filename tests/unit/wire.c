/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plays the transcripts in tests/wire (or the directory given) against a session on a fake target: one test a file, and one for
 * each row of the packet table, which has to occur in some transcript. A line is one of
 *
 *	-> packet	the client sends this packet; \xNN is a byte
 *	<- packet	and receives this one; acknowledgements are passed over
 *	>> bytes	the client sends these bytes, as they are
 *	<< bytes	and receives exactly these, acknowledgements and all
 *	% words		something happens to the machine, or is checked of it: see the table of directives
 *
 * The client has sent qSupported before the first line, and announced nothing; or, after `% stranger 1`, it has said nothing at all.
 * Everything that is sent has to be expected. Empty lines and lines that begin with '#' are for readers.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "fake_list.h"
#include "rsp/input.h"
#include "rsp/table.h"
#include "rsp/unasked.h"
#include "tap.h"
#include "wire_text.h"

#define LINE_SIZE 0x12000
#define ROWS_MAX 128

struct player {
	struct fake fake;
	struct fake_list list;
	struct session session;
	uint8_t out[0x20000];
	size_t sent, taken;
	bool *used; /* rows of the packet table */
	char got[LINE_SIZE];
};

static void receive(void *arg, const void *bytes, size_t n)
{
	struct player *p = arg;

	if (n > sizeof(p->out) - p->sent)
		abort();
	memcpy(p->out + p->sent, bytes, n);
	p->sent += n;
}

static void feed(struct player *p, const uint8_t *bytes, size_t n)
{
	size_t used = 1;

	for (size_t i = 0; i < n && used; i += used)
		used = session_input(&p->session, bytes + i, n - i);
}

static bool send_raw(struct player *p, const char *text)
{
	uint8_t bytes[LINE_SIZE];

	feed(p, bytes, unescape(text, bytes));
	return true;
}

static bool send_packet(struct player *p, const char *text)
{
	uint8_t bytes[LINE_SIZE], frame[2 * LINE_SIZE];
	size_t n = unescape(text, bytes), len = 0;
	struct cursor args;
	const struct packet_row *row = packet_find((char *)bytes, n, &args);
	uint8_t sum = 0;

	if (row)
		p->used[row - packet_table] = true;
	frame[len++] = '$';
	for (size_t i = 0; i < n; i++) {
		bool special = strchr("$#}", bytes[i]) && bytes[i];

		if (special)
			frame[len++] = '}';
		frame[len++] = special ? bytes[i] ^ 0x20 : bytes[i];
	}
	for (size_t i = 1; i < len; i++)
		sum += frame[i];
	len += (size_t)sprintf((char *)frame + len, "#%02x", sum);
	feed(p, frame, len);
	return true;
}

static void pass_acks(struct player *p)
{
	while (p->taken < p->sent && p->out[p->taken] == '+')
		p->taken++;
}

static bool nothing_left(struct player *p)
{
	pass_acks(p);
	escape(p->got, p->out + p->taken, p->sent - p->taken);
	return p->taken == p->sent;
}

static bool expect_frame(struct player *p, char mark, const char *want)
{
	const uint8_t *start, *hash;

	pass_acks(p);
	start = p->out + p->taken;
	hash = memchr(start, '#', p->sent - p->taken);
	if (!hash || *start != mark) {
		strcpy(p->got, "no packet");
		return false;
	}
	escape(p->got, start + 1, (size_t)(hash - start) - 1);
	p->taken = (size_t)(hash + 3 - p->out);
	return !strcmp(p->got, want);
}

static bool expect_packet(struct player *p, const char *want)
{
	return expect_frame(p, '$', want);
}

static bool expect_notification(struct player *p, const char *want)
{
	return expect_frame(p, '%', want);
}

static bool expect_raw(struct player *p, const char *want)
{
	escape(p->got, p->out + p->taken, p->sent - p->taken);
	p->taken = p->sent;
	return !strcmp(p->got, want);
}

/* Directives */

static bool set_fail(struct player *p, const char *words)
{
	char op[32];
	int error;

	if (sscanf(words, "%31s %d", op, &error) != 2)
		return false;
	for (int i = 0; i < FAKE_OPS; i++) {
		if (!strcmp(op, fake_op_names[i])) {
			p->fake.fail[i] = error;
			return true;
		}
	}
	return false;
}

static bool set_lacks(struct player *p, const char *words)
{
	p->fake.lacks[strtoul(words, NULL, 10) % POINT_TYPES] = true;
	return true;
}

static bool set_lacks_programs(struct player *p, const char *words)
{
	(void)words;
	p->fake.lacks_programs = true;
	return true;
}

static bool set_has_thread_events(struct player *p, const char *words)
{
	(void)words;
	p->fake.has_thread_events = true;
	return true;
}

static bool set_lacks_masks(struct player *p, const char *words)
{
	(void)words;
	p->fake.lacks_masks = true;
	return true;
}

static bool is_unmasked(struct player *p, const char *words)
{
	return p->fake.unmasked == (strtoul(words, NULL, 10) != 0);
}

static bool set_doing(struct player *p, const char *words)
{
	snprintf(p->fake.doing, sizeof(p->fake.doing), "%s", words);
	return true;
}

static bool set_image(struct player *p, const char *words)
{
	snprintf(p->fake.image, sizeof(p->fake.image), "%s", words);
	return true;
}

static bool set_bits(struct player *p, const char *words)
{
	return sscanf(words, "%u %u", &p->fake.bits[0], &p->fake.bits[1]) == 2;
}

static bool set_readable(struct player *p, const char *words)
{
	p->fake.readable = strtoul(words, NULL, 16);
	return true;
}

static bool set_endless(struct player *p, const char *words)
{
	p->fake.endless = strtoul(words, NULL, 10) != 0;
	return true;
}

static void begin(struct player *p)
{
	struct target target = fake_target(&p->fake);

	session_init(&p->session, receive, p);
	session_attach(&p->session, &target);
}

static bool forget_client(struct player *p, const char *words)
{
	(void)words;
	begin(p);
	return true;
}

/* The answer is features.txt's business. */
static bool introduce(struct player *p, const char *words)
{
	snprintf(p->got, sizeof(p->got), "qSupported:%s", words);
	send_packet(p, p->got);
	p->taken = p->sent;
	return true;
}

static void stop_machine(struct player *p, const struct stop *stop)
{
	if (p->fake.non_stop) {
		fake_stops(&p->fake, stop);
		session_event(&p->session);
		return;
	}
	p->fake.running = false;
	session_stopped(&p->session, stop);
}

/* kind, thread, then for `signal` the signal, for `watch` the type of the point and the address, for `exited` the code, and a signal or nothing */
static bool stop_kind(struct player *p, const char *words)
{
	static const char *const names[] = { "signal", "swbreak", "hwbreak", "watch", "gone", "none_left", "created", "reset",
		"end", "exited" };
	struct stop stop = { .kind = STOP_SIGNAL };
	char kind[16];
	unsigned number = 0, addr = 0;

	if (sscanf(words, "%15s %u %u %x", kind, &stop.thread, &number, &addr) < 2)
		return false;
	while (stop.kind <= STOP_EXITED && strcmp(kind, names[stop.kind]))
		stop.kind++;
	stop.code = stop.kind == STOP_EXITED ? (int)number : 0;
	stop.signal = stop.kind == STOP_EXITED ? (int)addr : (int)number;
	stop.point = (enum point_type)number;
	stop.addr = addr;
	stop_machine(p, &stop);
	return stop.kind <= STOP_EXITED;
}

static bool print(struct player *p, const char *words)
{
	session_print(&p->session, words);
	session_print(&p->session, "\n");
	return true;
}

static bool stop_text(struct player *p, const char *words)
{
	struct stop stop = { .kind = STOP_SIGNAL, .thread = 1, .signal = 11, .text = words };

	stop_machine(p, &stop);
	return true;
}

static bool event(struct player *p, const char *words)
{
	(void)words;
	session_event(&p->session);
	return true;
}

static bool is_state(struct player *p, const char *words)
{
	static const char *const names[] = { "stopped", "away", "alone", "attaching", "running", "non-stop", "detached",
		"detached stopped", "killed", "lost" };

	strcpy(p->got, names[p->session.state]);
	return !strcmp(words, p->got);
}

static bool is_resumed(struct player *p, const char *words)
{
	strcpy(p->got, p->fake.resumed);
	return !strcmp(words, p->got);
}

static bool is_point(struct player *p, const char *words)
{
	sprintf(p->got, "%d %u %" PRIx64 " %" PRIx64, (int)p->fake.point.type, p->fake.point.thread, p->fake.point.addr,
		p->fake.point.kind);
	return !strcmp(p->got, words);
}

static bool is_programs(struct player *p, const char *words)
{
	strcpy(p->got, p->fake.programs);
	return !strcmp(p->got, words);
}

static bool list(struct player *p, const char *words)
{
	return fake_list_direct(&p->list, &p->session, &p->fake, words);
}

static const struct {
	const char *name;
	bool (*run)(struct player *p, const char *words);
} directives[] = {
	{ "list", list },				  /* of VMs to choose from: fake_list.c has the words */
	{ "fail", set_fail },				  /* function, errno value; 0 to let it work again */
	{ "stranger", forget_client },			  /* a new client, of whom nothing is known */
	{ "announces", introduce },			  /* what the client does, in qSupported */
	{ "lacks", set_lacks },				  /* a type of point */
	{ "thread_events", set_has_thread_events },	  /* QThreadEvents */
	{ "lacks_programs", set_lacks_programs },	  /* no conditions, no commands */
	{ "lacks_masks", set_lacks_masks },		  /* interrupts do not wait for a step */
	{ "unmasked", is_unmasked },			  /* nor are they to */
	{ "doing", set_doing },				  /* what the second thread does */
	{ "image", set_image },				  /* the path of an ELF image */
	{ "bits", set_bits },				  /* of an address, in each half */
	{ "print", print },				  /* what a breakpoint's command prints: these words and a newline */
	{ "readable", set_readable },			  /* the end of what can be read of memory */
	{ "endless", set_endless },			  /* does memory begin anew there? */
	{ "event", event },				  /* non-stop: the caller looks whether a thread has stopped */
	{ "stop", stop_kind }, { "crash", stop_text },	  /* a stop of thread 1 with SIGSEGV and this sentence */
	{ "state", is_state }, { "resumed", is_resumed }, /* a letter for each thread */
	{ "point", is_point },				  /* the last Z or z: type, thread, address, kind */
	{ "programs", is_programs },			  /* of the last Z: conditions / commands */
};

/* Numbers of the fake's, which are set, or compared. */
static const struct {
	const char *name;
	size_t at;
	bool set;
} numbers[] = {
	{ "slow", offsetof(struct fake, slow), true },	     /* ms of the clock between two looks */
	{ "threads", offsetof(struct fake, threads), true }, /* how many there are from now on */
	{ "gone", offsetof(struct fake, gone), true },	     /* a thread that is there no more; 0: all are */
	{ "interrupts", offsetof(struct fake, interrupts), false }, { "restarts", offsetof(struct fake, restarts), false },
	{ "kills", offsetof(struct fake, kills), false },
	{ "changes", offsetof(struct fake, changes), false }, /* how many writes were done so far */
};

static bool direct_number(struct player *p, const char *text)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		unsigned *at = (unsigned *)((char *)&p->fake + numbers[i].at), number;
		size_t n = strlen(numbers[i].name);

		if (strncmp(text, numbers[i].name, n) || sscanf(text + n, " %u", &number) != 1)
			continue;
		if (numbers[i].set)
			*at = number;
		sprintf(p->got, "%u", *at);
		return *at == number;
	}
	strcpy(p->got, "unknown directive");
	return false;
}

static bool direct(struct player *p, const char *text)
{
	for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++) {
		size_t n = strlen(directives[i].name);

		if (!strncmp(text, directives[i].name, n) && text[n] == ' ')
			return directives[i].run(p, text + n + 1);
	}
	return direct_number(p, text);
}

static const struct {
	const char *mark;
	bool sends;
	bool (*run)(struct player *p, const char *text);
} marks[] = {
	{ "->", true, send_packet },
	{ ">>", true, send_raw },
	{ "%", true, direct },
	{ "<-", false, expect_packet },
	{ "<%", false, expect_notification },
	{ "<<", false, expect_raw },
};

static bool play_line(struct player *p, const char *line)
{
	if (!*line || *line == '#')
		return true;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		size_t n = strlen(marks[i].mark);

		if (strncmp(line, marks[i].mark, n))
			continue;
		if (marks[i].sends && !nothing_left(p))
			return false;
		return marks[i].run(p, line[n] == ' ' ? line + n + 1 : line + n);
	}
	strcpy(p->got, "a line that begins with no known mark");
	return false;
}

static bool play(struct player *p, FILE *file)
{
	static char line[LINE_SIZE];
	int number = 0;

	while (fgets(line, sizeof(line), file)) {
		number++;
		line[strcspn(line, "\n")] = '\0';
		if (!play_line(p, line)) {
			printf("# line %d: %.600s\n# got: %.600s\n", number, line, p->got);
			return false;
		}
	}
	if (!nothing_left(p)) {
		printf("# sent at the end: %.600s\n", p->got);
		return false;
	}
	if (p->fake.trespasses) {
		printf("# a function for stopped machines was called while this one ran\n");
		return false;
	}
	return number > 0;
}

static void play_file(const char *dir, const char *name, bool *used)
{
	static struct player p;
	char path[4096];
	FILE *file;

	memset(&p, 0, sizeof(p));
	p.used = used;
	fake_init(&p.fake);
	fake_list_init(&p.list);
	begin(&p);
	introduce(&p, "");
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "r");
	ok(file && play(&p, file), "%s", name);
	if (file)
		fclose(file);
}

static int is_transcript(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > 4 && !strcmp(entry->d_name + n - 4, ".txt");
}

int main(int argc, char **argv)
{
	const char *dir = argc > 1 ? argv[1] : "tests/wire";
	bool used[ROWS_MAX] = { false };
	struct dirent **files;
	int n = scandir(dir, &files, is_transcript, alphasort);

	ok(n > 0, "there are transcripts in %s", dir);
	for (int i = 0; i < n; i++) {
		play_file(dir, files[i]->d_name, used);
		free(files[i]);
	}
	if (n >= 0)
		free(files);
	for (size_t i = 0; i < packet_rows && i < ROWS_MAX; i++)
		ok(used[i], "packet %s has a transcript", packet_table[i].name);
	return done();
}
