// The functions of WASI preview 1, which a guest may import from "wasi_snapshot_preview1": our own, on windows and objects. No file system of the
// host can be reached through them.
//
// Source: WASI snapshot preview1 (wasi_snapshot_preview1.witx). Each gives an Errno; docs/wasi.md says what each does here.
#pragma once

#include <span>

#include "run/host_api.hpp"
#include "run/wasi_state.hpp"

namespace inlay::run::wasi {

inline constexpr std::string_view kModule = "wasi_snapshot_preview1";

// All of them. Valid for ever.
std::span<const engine::HostFunction> functions();

// ---- process: wasi_process.cpp ----
int32_t args_get(Invocation& invocation, GuestPtr pointers, GuestPtr bytes) noexcept;
int32_t args_sizes_get(Invocation& invocation, GuestPtr count, GuestPtr size) noexcept;
int32_t environ_get(Invocation& invocation, GuestPtr pointers, GuestPtr bytes) noexcept;
int32_t environ_sizes_get(Invocation& invocation, GuestPtr count, GuestPtr size) noexcept;
int32_t clock_res_get(Invocation& invocation, uint32_t clock, GuestPtr out) noexcept;
int32_t clock_time_get(Invocation& invocation, uint32_t clock, uint64_t precision, GuestPtr out) noexcept;
int32_t random_get(Invocation& invocation, GuestPtr buffer, GuestLen length) noexcept;
int32_t poll_oneoff(Invocation& invocation, GuestPtr subscriptions, GuestPtr events, uint32_t count, GuestPtr out) noexcept;
int32_t proc_exit(Invocation& invocation, uint32_t code) noexcept;
int32_t proc_raise(Invocation& invocation, uint32_t signal) noexcept;
int32_t sched_yield(Invocation& invocation) noexcept;
int32_t sock_accept(Invocation& invocation, uint32_t fd, uint32_t flags, GuestPtr out) noexcept;
int32_t sock_recv(Invocation& invocation, uint32_t fd, GuestPtr iovecs, uint32_t count, uint32_t flags, GuestPtr size, GuestPtr out_flags) noexcept;
int32_t sock_send(Invocation& invocation, uint32_t fd, GuestPtr iovecs, uint32_t count, uint32_t flags, GuestPtr size) noexcept;
int32_t sock_shutdown(Invocation& invocation, uint32_t fd, uint32_t how) noexcept;

// ---- content: wasi_content.cpp ----
int32_t fd_read(Invocation& invocation, uint32_t fd, GuestPtr iovecs, uint32_t count, GuestPtr out) noexcept;
int32_t fd_pread(Invocation& invocation, uint32_t fd, GuestPtr iovecs, uint32_t count, uint64_t offset, GuestPtr out) noexcept;
int32_t fd_write(Invocation& invocation, uint32_t fd, GuestPtr iovecs, uint32_t count, GuestPtr out) noexcept;
int32_t fd_pwrite(Invocation& invocation, uint32_t fd, GuestPtr iovecs, uint32_t count, uint64_t offset, GuestPtr out) noexcept;
int32_t fd_seek(Invocation& invocation, uint32_t fd, uint64_t offset, uint32_t whence, GuestPtr out) noexcept;
int32_t fd_tell(Invocation& invocation, uint32_t fd, GuestPtr out) noexcept;
int32_t fd_allocate(Invocation& invocation, uint32_t fd, uint64_t offset, uint64_t length) noexcept;
int32_t fd_filestat_set_size(Invocation& invocation, uint32_t fd, uint64_t size) noexcept;

// ---- descriptors: wasi_descriptors.cpp ----
int32_t fd_advise(Invocation& invocation, uint32_t fd, uint64_t offset, uint64_t length, uint32_t advice) noexcept;
int32_t fd_close(Invocation& invocation, uint32_t fd) noexcept;
int32_t fd_datasync(Invocation& invocation, uint32_t fd) noexcept;
int32_t fd_fdstat_get(Invocation& invocation, uint32_t fd, GuestPtr out) noexcept;
int32_t fd_fdstat_set_flags(Invocation& invocation, uint32_t fd, uint32_t flags) noexcept;
int32_t fd_fdstat_set_rights(Invocation& invocation, uint32_t fd, uint64_t rights, uint64_t inheriting) noexcept;
int32_t fd_filestat_get(Invocation& invocation, uint32_t fd, GuestPtr out) noexcept;
int32_t fd_filestat_set_times(Invocation& invocation, uint32_t fd, uint64_t accessed, uint64_t modified, uint32_t flags) noexcept;
int32_t fd_prestat_get(Invocation& invocation, uint32_t fd, GuestPtr out) noexcept;
int32_t fd_prestat_dir_name(Invocation& invocation, uint32_t fd, GuestPtr path, GuestLen length) noexcept;
int32_t fd_readdir(Invocation& invocation, uint32_t fd, GuestPtr buffer, GuestLen length, uint64_t cookie, GuestPtr out) noexcept;
int32_t fd_renumber(Invocation& invocation, uint32_t from, uint32_t to) noexcept;
int32_t fd_sync(Invocation& invocation, uint32_t fd) noexcept;

// ---- paths: wasi_paths.cpp ----
int32_t path_create_directory(Invocation& invocation, uint32_t fd, GuestPtr path, GuestLen length) noexcept;
int32_t path_filestat_get(Invocation& invocation, uint32_t fd, uint32_t lookup, GuestPtr path, GuestLen length, GuestPtr out) noexcept;
int32_t path_filestat_set_times(Invocation& invocation, uint32_t fd, uint32_t lookup, GuestPtr path, GuestLen length, uint64_t accessed, uint64_t modified,
                                uint32_t flags) noexcept;
int32_t path_link(Invocation& invocation, uint32_t from_fd, uint32_t lookup, GuestPtr from, GuestLen from_length, uint32_t to_fd, GuestPtr to,
                  GuestLen to_length) noexcept;
int32_t path_open(Invocation& invocation, uint32_t fd, uint32_t lookup, GuestPtr path, GuestLen length, uint32_t how, uint64_t rights,
                  uint64_t inheriting, uint32_t flags, GuestPtr out) noexcept;
int32_t path_readlink(Invocation& invocation, uint32_t fd, GuestPtr path, GuestLen length, GuestPtr buffer, GuestLen capacity, GuestPtr out) noexcept;
int32_t path_remove_directory(Invocation& invocation, uint32_t fd, GuestPtr path, GuestLen length) noexcept;
int32_t path_rename(Invocation& invocation, uint32_t from_fd, GuestPtr from, GuestLen from_length, uint32_t to_fd, GuestPtr to,
                    GuestLen to_length) noexcept;
int32_t path_symlink(Invocation& invocation, GuestPtr target, GuestLen target_length, uint32_t fd, GuestPtr path, GuestLen length) noexcept;
int32_t path_unlink_file(Invocation& invocation, uint32_t fd, GuestPtr path, GuestLen length) noexcept;

}  // namespace inlay::run::wasi
