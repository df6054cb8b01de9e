/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The handlers of the packet table, one do_*.c file a subject, and what session.c offers them. A handler finds a fresh reply in
 * session->out and returns an outcome or a negative errno value.
 */
#ifndef RSP_HANDLERS_H
#define RSP_HANDLERS_H

#include "table.h"

/* What a client may announce in qSupported. */
enum feature {
	FEATURE_MULTIPROCESS = 1,
	FEATURE_SWBREAK = 2,
	FEATURE_HWBREAK = 4,
	FEATURE_ERROR_MESSAGE = 8,
	FEATURE_BINARY_UPLOAD = 16,
	FEATURE_VCONT = 32,
};

/* The only process there is, as clients see it: never a real one, which lldb would go and look at. */
#define PROCESS_ID 1

/* Leaves the sentence and returns -error. What the client said may be in it as it is. */
__attribute__((format(printf, 3, 4))) int session_refuse(struct session *s, int error, const char *format, ...);

/* -ESRCH: there is no guest, and no thread. */
int session_refuse_ended(struct session *s);

/* -EINVAL, with the phrase of a cursor. */
int session_refuse_malformed(struct session *s, const char *what);

/* How many threads there are; as of the resume while the machine runs. */
unsigned session_threads(struct session *s);

/* The thread that Hg selected, or that stopped last. */
unsigned session_general(struct session *s);

/* 0 and the thread's number, 0 for a wildcard; or -ESRCH. */
int session_find_thread(struct session *s, const struct thread_id *id, unsigned *thread);

/*
 * Memory as this client sees it now: the general thread's, or guest-physical. [addr, addr + len) ends at the last address. As
 * target.h has it.
 */
ssize_t session_read_memory(struct session *s, uint64_t addr, void *buf, size_t len);

/* len, or less: no byte of [addr, addr + len) is beyond the last address. */
uint64_t session_clip(uint64_t addr, uint64_t len);

/* OK as the reply. */
int session_ok(struct session *s);

/* Lets the machine run as session->kinds says. */
int session_resume(struct session *s);

/* Sends what is in session->out. */
void session_send(struct session *s);

/* Text for the client's console: open, print as often as needed, close. Uses session->out. */
void console_open(struct session *s);
void console_print(void *session, const char *text);
void console_close(struct session *s);

/* A thread id as this client writes it, and its longest form: "p1." and a number. */
#define THREAD_ID_MAX (3 + 8)
void reply_thread(struct session *s, unsigned thread);

/* What the target says of a thread: a sentence at most. */
#define THREAD_TEXT_MAX 640
void session_thread_texts(struct session *s, unsigned thread, char name[THREAD_TEXT_MAX], char text[THREAD_TEXT_MAX]);

/* lldb's ";thread:ID;" behind a packet's other arguments: takes it off, and selects that thread. 0, also when there is none, or -errno. */
int session_take_suffix(struct session *s, struct cursor *text);

/* In a stop reply to lldb: all threads, and where they are. */
void reply_threads(struct session *s);

/* ... why each stands, */
void reply_reasons(struct session *s);

/* ... and how many bits of an address count, where not all do. */
void reply_address_bits(struct session *s, unsigned thread);

/* The stop reply of session->stop; and one of a thread, whatever the others do. */
void reply_stop(struct session *s);
void reply_thread_stop(struct session *s, unsigned thread);

/* Is that the thread whose stop was the last? Then session->stop is its, with this signal. */
bool session_stopped_here(const struct session *s, unsigned thread);
uint8_t stop_signal(const struct session *s);

/* Registers in a stop reply: pc, sp and fp, with some room. */
#define EXPEDITED_MAX 8

int do_attached(struct session *s, const struct args *args);
int do_checksum(struct session *s, const struct args *args);
int do_clear_point(struct session *s, const struct args *args);
int do_continue(struct session *s, const struct args *args);
int do_current_thread(struct session *s, const struct args *args);
int do_description(struct session *s, const struct args *args);
int do_attach(struct session *s, const struct args *args);
int do_detach(struct session *s, const struct args *args);
int do_error_strings(struct session *s, const struct args *args);
int do_detach_stopped(struct session *s, const struct args *args);
int do_can_detach_stopped(struct session *s, const struct args *args);
int do_extended(struct session *s, const struct args *args);
int do_first_threads(struct session *s, const struct args *args);
int do_kill(struct session *s, const struct args *args);
int do_kill_process(struct session *s, const struct args *args);
int do_list_threads(struct session *s, const struct args *args);
int do_interrupt(struct session *s, const struct args *args);
int do_monitor(struct session *s, const struct args *args);
int do_more_threads(struct session *s, const struct args *args);
int do_next_stop(struct session *s, const struct args *args);
int do_no_ack(struct session *s, const struct args *args);
int do_non_stop(struct session *s, const struct args *args);
int do_physical(struct session *s, const struct args *args);
int do_qemu_supported(struct session *s, const struct args *args);
int do_read_binary(struct session *s, const struct args *args);
int do_read_general(struct session *s, const struct args *args);
int do_read_hex(struct session *s, const struct args *args);
int do_read_register(struct session *s, const struct args *args);
int do_region(struct session *s, const struct args *args);
int do_restart(struct session *s, const struct args *args);
int do_resume(struct session *s, const struct args *args);
int do_resume_actions(struct session *s, const struct args *args);
int do_search(struct session *s, const struct args *args);
int do_select_general(struct session *s, const struct args *args);
int do_select_resuming(struct session *s, const struct args *args);
int do_set_physical(struct session *s, const struct args *args);
int do_set_point(struct session *s, const struct args *args);
int do_step(struct session *s, const struct args *args);
int do_step_bits(struct session *s, const struct args *args);
int do_step_mask(struct session *s, const struct args *args);
int do_stop_reason(struct session *s, const struct args *args);
int do_supported(struct session *s, const struct args *args);
int do_thread_alive(struct session *s, const struct args *args);
int do_thread_events(struct session *s, const struct args *args);
int do_thread_suffix(struct session *s, const struct args *args);
int do_thread_text(struct session *s, const struct args *args);
int do_host_info(struct session *s, const struct args *args);
int do_process_info(struct session *s, const struct args *args);
int do_thread_stop(struct session *s, const struct args *args);
int do_threads_info(struct session *s, const struct args *args);
int do_watchpoints(struct session *s, const struct args *args);
int do_thread_list(struct session *s, const struct args *args);
int do_exec_file(struct session *s, const struct args *args);
int do_file_other(struct session *s, const struct args *args);
int do_file_close(struct session *s, const struct args *args);
int do_file_fstat(struct session *s, const struct args *args);
int do_file_open(struct session *s, const struct args *args);
int do_file_read(struct session *s, const struct args *args);
int do_file_system(struct session *s, const struct args *args);
int do_file_stat(struct session *s, const struct args *args);
int do_write_binary(struct session *s, const struct args *args);
int do_write_general(struct session *s, const struct args *args);
int do_write_hex(struct session *s, const struct args *args);
int do_write_register(struct session *s, const struct args *args);

#endif
