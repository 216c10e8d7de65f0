// The table of WASI's functions.
#include "run/wasi.hpp"

namespace inlay::run::wasi {
namespace {

template <auto Function>
constexpr engine::HostFunction one(std::string_view name) {
    auto made = engine::host_function<Function>(name);
    made.module = kModule;
    return made;
}

constexpr engine::HostFunction without_result(engine::HostFunction function) {
    function.has_result = false;
    return function;
}

}  // namespace

std::span<const engine::HostFunction> functions() {
    using engine::also_for_start;
    static constexpr engine::HostFunction kFunctions[] = {
        also_for_start(one<&args_get>("args_get")),
        also_for_start(one<&args_sizes_get>("args_sizes_get")),
        also_for_start(one<&environ_get>("environ_get")),
        also_for_start(one<&environ_sizes_get>("environ_sizes_get")),
        also_for_start(one<&clock_res_get>("clock_res_get")),
        also_for_start(one<&clock_time_get>("clock_time_get")),
        also_for_start(one<&random_get>("random_get")),
        also_for_start(one<&poll_oneoff>("poll_oneoff")),
        without_result(one<&proc_exit>("proc_exit")),
        one<&proc_raise>("proc_raise"),
        also_for_start(one<&sched_yield>("sched_yield")),
        one<&sock_accept>("sock_accept"),
        one<&sock_recv>("sock_recv"),
        one<&sock_send>("sock_send"),
        one<&sock_shutdown>("sock_shutdown"),
        one<&fd_read>("fd_read"),
        one<&fd_pread>("fd_pread"),
        also_for_start(one<&fd_write>("fd_write")),
        one<&fd_pwrite>("fd_pwrite"),
        one<&fd_seek>("fd_seek"),
        one<&fd_tell>("fd_tell"),
        one<&fd_allocate>("fd_allocate"),
        one<&fd_filestat_set_size>("fd_filestat_set_size"),
        one<&fd_advise>("fd_advise"),
        one<&fd_close>("fd_close"),
        one<&fd_datasync>("fd_datasync"),
        also_for_start(one<&fd_fdstat_get>("fd_fdstat_get")),
        also_for_start(one<&fd_fdstat_set_flags>("fd_fdstat_set_flags")),
        one<&fd_fdstat_set_rights>("fd_fdstat_set_rights"),
        one<&fd_filestat_get>("fd_filestat_get"),
        one<&fd_filestat_set_times>("fd_filestat_set_times"),
        also_for_start(one<&fd_prestat_get>("fd_prestat_get")),
        also_for_start(one<&fd_prestat_dir_name>("fd_prestat_dir_name")),
        one<&fd_readdir>("fd_readdir"),
        one<&fd_renumber>("fd_renumber"),
        one<&fd_sync>("fd_sync"),
        one<&path_create_directory>("path_create_directory"),
        one<&path_filestat_get>("path_filestat_get"),
        one<&path_filestat_set_times>("path_filestat_set_times"),
        one<&path_link>("path_link"),
        one<&path_open>("path_open"),
        one<&path_readlink>("path_readlink"),
        one<&path_remove_directory>("path_remove_directory"),
        one<&path_rename>("path_rename"),
        one<&path_symlink>("path_symlink"),
        one<&path_unlink_file>("path_unlink_file"),
    };
    return kFunctions;
}

}  // namespace inlay::run::wasi
