// The program inlay: a server, its child processes, or a client, by the first argument.
#include <string_view>

#include "app/cli_backup.hpp"
#include "app/cli_build.hpp"
#include "app/cli_command_line.hpp"
#include "app/cli_dev.hpp"
#include "app/cli_doctor.hpp"
#include "app/cli_fsck.hpp"
#include "app/cli_functions.hpp"
#include "app/cli_inspect.hpp"
#include "app/cli_invoke.hpp"
#include "app/cli_new.hpp"
#include "app/cli_objects.hpp"
#include "app/cli_pipeline.hpp"
#include "app/cli_run.hpp"
#include "app/cli_test_command.hpp"
#include "app/cli_trace.hpp"
#include "app/serve_command.hpp"
#include "os/process.hpp"

namespace {

int client_main(int argc, char** argv) {
    inlay::cli::CommandLine line;
    inlay::cli::FunctionCommands functions(line);
    inlay::cli::ObjectCommands objects(line);
    inlay::cli::InvokeCommand invoke(line);
    inlay::cli::PipelineCommand pipeline(line);
    inlay::cli::TraceCommands traces(line);
    inlay::cli::RunCommand run(line);
    inlay::cli::InspectCommand inspect(line);
    inlay::cli::NewCommand making(line);
    inlay::cli::BuildCommand building(line);
    inlay::cli::TestCommand testing(line);
    inlay::cli::DevCommand developing(line);
    inlay::cli::DoctorCommand doctor(line);
    inlay::cli::FsckCommand fsck(line);
    inlay::cli::BackupCommand backup(line);
    return line.run(argc, argv);
}

}  // namespace

// The commands that are no client get their own arguments: argv[0] is the command's name.
int main(int argc, char** argv) {
    inlay::os::hold_standard_descriptors();
    std::string_view command = argc > 1 ? argv[1] : "";
    if (command == "serve") return inlay::serve_main(argc - 1, argv + 1);
    if (command == "worker") return inlay::worker_main(argc - 1, argv + 1);
    if (command == "lane") return inlay::lane_main(argc - 1, argv + 1);
    if (command == "compile" || command == "inspect-module" || command == "initialise-module") return inlay::compile_main(argc - 1, argv + 1);
    return client_main(argc, argv);
}
