// Backs up, and tells what of.
#include "app/cli_backup.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli_encoding.hpp"
#include "app/cli_failure.hpp"
#include "app/cli_progress.hpp"
#include "app/cli_quantity.hpp"
#include "store/backup.hpp"

namespace inlay::cli {
namespace {

void print(const store::BackedUp& made, const std::string& to) {
    print_line(printable(fmt::format("{}: {} objects ({}), {} functions; {} files shared with the data directory, {} copied", to,
                                     format_count(made.objects), format_size(made.object_bytes), format_count(made.functions),
                                     format_count(made.shared_files), format_count(made.copied_files))));
    if (made.linked > 0)
        print_line(fmt::format("{} of the objects are linked files: the backup names them, and does not hold them", format_count(made.linked)));
}

}  // namespace

BackupCommand::BackupCommand(CommandLine& line) {
    auto& backing = line.add_local("backup", "Make a data directory from another one as it is now", [this](Output output) { return back_up(output); });
    backing.add_option("DIR", to_, "The backup: must be absent or empty")->required();
    backing.add_option("--data", data_directory_, "The data directory, of a server that runs or not")->required();
    backing.add_flag("--copy", copy_, "Copy every file, also where a second name of it would do");
    backing.footer("To restore: inlay serve --data DIR, or of a copy of DIR. Check it: inlay fsck --data DIR.\n"
                   "DIR appears when it is complete; DIR.unfinished is no backup.");
}

int BackupCommand::back_up(Output output) const {
    auto made = need([&]() -> Result<store::BackedUp> {
        Progress progress("backup");
        INLAY_TRY(auto visit, store::Visit::create(data_directory_));
        store::BackupTerms terms;
        if (copy_) terms.sharing = store::FileSharing::none;
        terms.begun = [&](uint64_t bytes) { progress.begin(bytes); };
        terms.taken = [&](uint64_t bytes) { progress.advance(bytes); };
        return store::back_up(visit, to_, terms);
    }());
    if (output == Output::json)
        print_json(nlohmann::ordered_json{{"directory", printable(to_)},        {"objects", made.objects},           {"object_bytes", made.object_bytes},
                                          {"linked_objects", made.linked},     {"functions", made.functions},       {"shared_files", made.shared_files},
                                          {"copied_files", made.copied_files}});
    else
        print(made, to_);
    return kExitDone;
}

}  // namespace inlay::cli
