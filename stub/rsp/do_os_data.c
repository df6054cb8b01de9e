/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMs that a client may attach to, as the tables of `info os`. `processes` has the columns that gdbserver's has: front ends look for
 * these by name, to show what there is to attach to.
 */
#include <stdio.h>
#include <string.h>

#include "handlers.h"
#include "piece.h"

#define MIB (1u << 20)

/* What a cell has that is not kept as text. */
struct cell {
	char digits[32];
};

typedef const char *cell_fn(const struct target_vm *vm, struct cell *cell);

static const char *number(struct cell *cell, unsigned long long n, const char *unit)
{
	snprintf(cell->digits, sizeof(cell->digits), "%llu%s", n, unit);
	return cell->digits;
}

static const char *cell_process(const struct target_vm *vm, struct cell *cell)
{
	return number(cell, vm->process, "");
}

static const char *cell_vmm(const struct target_vm *vm, struct cell *cell)
{
	(void)cell;
	return vm->vmm;
}

static const char *cell_vcpus(const struct target_vm *vm, struct cell *cell)
{
	return number(cell, vm->vcpus, "");
}

static const char *cell_ram(const struct target_vm *vm, struct cell *cell)
{
	return vm->ram ? number(cell, vm->ram / MIB, "M") : "?";
}

static const char *cell_state(const struct target_vm *vm, struct cell *cell)
{
	(void)cell;
	return vm->state;
}

static const char *cell_user(const struct target_vm *vm, struct cell *cell)
{
	(void)cell;
	return vm->user;
}

static const char *cell_command(const struct target_vm *vm, struct cell *cell)
{
	(void)cell;
	return vm->command;
}

static const char *cell_cores(const struct target_vm *vm, struct cell *cell)
{
	(void)cell;
	return vm->cores;
}

struct column {
	const char *name; /* NULL behind the last one */
	cell_fn *cell;
};

#define COLUMNS 8

static const struct table {
	const char *name, *description, *title;
	struct column columns[COLUMNS];
} tables[] = {
	{ "vms", "Listing of all VMs", "VMs",
		{ { "process", cell_process }, { "VMM", cell_vmm }, { "vCPUs", cell_vcpus }, { "RAM", cell_ram },
			{ "state", cell_state } } },
	{ "processes", "Listing of the processes that run them", "Processes",
		{ { "pid", cell_process }, { "user", cell_user }, { "command", cell_command }, { "cores", cell_cores } } },
};

#define TABLES (sizeof(tables) / sizeof(tables[0]))

static void piece_column(struct piece *p, const char *name, const char *text)
{
	piece_text(p, "<column name=\"");
	piece_text(p, name);
	piece_text(p, "\">");
	piece_xml(p, text);
	piece_text(p, "</column>");
}

static void piece_vm(struct piece *p, const struct table *table, const struct target_vm *vm)
{
	struct cell cell;

	piece_text(p, "<item>");
	for (const struct column *column = table->columns; column->name; column++)
		piece_column(p, column->name, column->cell(vm, &cell));
	piece_text(p, "</item>\n");
}

/* What tables there are. The title is for menus: gdb does not print it. */
static int reply_types(struct session *s, const struct args *args)
{
	struct piece piece = piece_begin(s, args);

	piece_text(&piece, "<osdata type=\"types\">\n");
	for (unsigned i = 0; i < TABLES; i++) {
		piece_text(&piece, "<item>");
		piece_column(&piece, "Type", tables[i].name);
		piece_column(&piece, "Description", tables[i].description);
		piece_column(&piece, "Title", tables[i].title);
		piece_text(&piece, "</item>\n");
	}
	piece_text(&piece, "</osdata>\n");
	return piece_end(&piece);
}

/* With the first piece a look is taken at what there is: the others are of the same. */
static int reply_table(struct session *s, const struct args *args, const struct table *table)
{
	const char *why = "";
	int error = args->n[0] ? 0 : s->list->look(s->list->arg, &why);
	struct target_vm vm;
	struct piece piece;

	if (error)
		return session_refuse(s, -error, "%s", why);
	piece = piece_begin(s, args);
	piece_text(&piece, "<osdata type=\"");
	piece_text(&piece, table->name);
	piece_text(&piece, "\">\n");
	for (unsigned n = 0; !piece.cut && s->list->vm(s->list->arg, n, &vm); n++)
		piece_vm(&piece, table, &vm);
	piece_text(&piece, "</osdata>\n");
	return piece_end(&piece);
}

int do_os_data(struct session *s, const struct args *args)
{
	if (!s->list)
		return NOT_SERVED;
	if (annex_is(args, ""))
		return reply_types(s, args);
	for (unsigned i = 0; i < TABLES; i++)
		if (annex_is(args, tables[i].name))
			return reply_table(s, args, &tables[i]);
	return refuse_annex(s);
}
