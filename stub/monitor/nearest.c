/* SPDX-License-Identifier: BSD-2-Clause */
/* By how many letters two names differ, in upper or lower case alike. See nearest.h. */
#include "nearest.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_LEN 40 /* what is longer is near to nothing */
#define SHOWN_MAX 5
#define FAR 3u

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Letters that are to be put in, taken out or changed. */
static unsigned difference(const char *a, const char *b)
{
	size_t nb = strlen(b);
	unsigned row[NAME_MAX_LEN + 1];

	for (size_t j = 0; j <= nb; j++)
		row[j] = (unsigned)j;
	for (size_t i = 0; a[i]; i++) {
		unsigned before = row[0];

		row[0] = (unsigned)i + 1;
		for (size_t j = 0; j < nb; j++) {
			bool same = tolower((unsigned char)a[i]) == tolower((unsigned char)b[j]);
			unsigned next = least(row[j + 1] + 1, row[j] + 1, before + !same);

			before = row[j + 1];
			row[j + 1] = next;
		}
	}
	return row[nb];
}

/* A beginning of a name is near to it. */
static unsigned distance(const char *name, const char *to)
{
	size_t n = strlen(name);

	if (n > NAME_MAX_LEN || strlen(to) > NAME_MAX_LEN)
		return FAR;
	if (n > 2 && !strncasecmp(name, to, n))
		return to[n] ? 1 : 0;
	return difference(name, to);
}

static unsigned least_distance(const struct tdesc *d, const char *name)
{
	unsigned least_seen = FAR;

	for (unsigned i = 0; i < d->nregs; i++) {
		unsigned now = distance(name, d->regs[i].row->name);

		least_seen = now < least_seen ? now : least_seen;
	}
	return least_seen;
}

bool nearest_names(const struct tdesc *d, const char *name, char *text, size_t size)
{
	unsigned least_seen = least_distance(d, name), shown = 0;
	size_t n = 0;

	/* Of a short name most letters would be others. */
	if (least_seen >= FAR || least_seen >= strlen(name))
		return false;
	for (unsigned i = 0; i < d->nregs && shown < SHOWN_MAX && n < size; i++) {
		if (distance(name, d->regs[i].row->name) != least_seen)
			continue;
		n += (size_t)snprintf(text + n, size - n, "%s%s", shown++ ? ", " : "", d->regs[i].row->name);
	}
	return true;
}
