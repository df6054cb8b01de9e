/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The handlers of the packet table, one do_*.c file a subject. A handler finds a fresh reply in session->out and returns an outcome or a
 * negative errno value.
 */
#ifndef RSP_HANDLERS_H
#define RSP_HANDLERS_H

#include "row.h"

int do_attached(struct session *s, const struct args *args);
int do_checksum(struct session *s, const struct args *args);
int do_clear_point(struct session *s, const struct args *args);
int do_continue(struct session *s, const struct args *args);
int do_current_thread(struct session *s, const struct args *args);
int do_description(struct session *s, const struct args *args);
int do_attach(struct session *s, const struct args *args);
int do_detach(struct session *s, const struct args *args);
int do_run_program(struct session *s, const struct args *args);
int do_os_data(struct session *s, const struct args *args);
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
