/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads /proc/PID/maps and smaps. */
#include "memslots_maps.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 64

/* The address range that begins a line, with the four letters behind it; false: it is another line. */
static bool parse_line(const char *line, struct mapping *m)
{
	char may[5], path[2] = "";
	uint64_t inode;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*s %*s %" SCNu64 " %1s", &m->start, &m->end, may, &inode, path) < 4)
		return false;
	m->readable = may[0] == 'r';
	m->writable = may[1] == 'w';
	m->own = may[3] == 'p' && (inode || path[0] == '[');
	return m->start < m->end;
}

static FILE *open_file(pid_t pid, const char *name)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return fopen(path, "re");
}

static int add(struct maps *maps, const struct mapping *m)
{
	if (maps->n == maps->room) {
		unsigned room = maps->room ? 2 * maps->room : FIRST_ROOM;
		struct mapping *at = realloc(maps->at, room * sizeof(*at));

		if (!at)
			return -ENOMEM;
		maps->at = at;
		maps->room = room;
	}
	maps->at[maps->n++] = *m;
	return 0;
}

/*
 * Lines of a mapping, up to the one for which `is_it` is true; false for all: every mapping is added to maps, if that is not
 * NULL.
 */
static int walk(pid_t pid, const char *name, bool (*is_it)(const char *line, const struct mapping *m), struct mapping *m,
	struct maps *maps)
{
	FILE *f = open_file(pid, name);
	char *line = NULL;
	size_t room = 0;
	int err = 0;
	bool found = false;

	if (!f)
		return -errno;
	*m = (struct mapping){ 0 };
	while (!err && !found && getline(&line, &room, f) > 0) {
		if (parse_line(line, m) && maps)
			err = add(maps, m);
		found = !err && is_it && m->end && is_it(line, m);
	}
	free(line);
	fclose(f);
	return err ? err : is_it && !found ? -ENOENT : 0;
}

int maps_read(pid_t pid, struct maps *maps)
{
	struct mapping m;
	int err;

	*maps = (struct maps){ 0 };
	err = walk(pid, "maps", NULL, &m, maps);
	if (err)
		maps_free(maps);
	return err;
}

void maps_free(struct maps *maps)
{
	free(maps->at);
	*maps = (struct maps){ 0 };
}

uint64_t maps_length(const struct maps *maps, uint64_t at)
{
	unsigned low = 0, high = maps->n;
	uint64_t end = at;

	while (low < high) { /* the first that ends behind it */
		unsigned middle = low + (high - low) / 2;

		if (maps->at[middle].end > at)
			high = middle;
		else
			low = middle + 1;
	}
	for (; low < maps->n && maps->at[low].start <= end && maps->at[low].readable; low++)
		end = maps->at[low].end;
	return end - at;
}

static bool is_read_only(const char *line, const struct mapping *m)
{
	(void)line;
	return !m->writable;
}

static bool is_device(const char *line, const struct mapping *m)
{
	(void)m;
	return !strncmp(line, "VmFlags:", 8) && strstr(line, " pf");
}

int maps_find_read_only(pid_t pid, uint64_t *start, uint64_t *end)
{
	struct mapping m;
	int err = walk(pid, "maps", is_read_only, &m, NULL);

	*start = m.start;
	*end = m.end;
	return err;
}

int maps_find_device(pid_t pid, uint64_t *start, uint64_t *end)
{
	struct mapping m;
	int err = walk(pid, "smaps", is_device, &m, NULL);

	*start = m.start;
	*end = m.end;
	return err;
}
