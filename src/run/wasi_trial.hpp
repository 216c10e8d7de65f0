// For tests: an invocation of a WASI program that runs no guest, with /data, which is the bucket `data` and may be written, and /fixed.
#pragma once

#include <string>

#include "run/trial.hpp"
#include "run/wasi_objects.hpp"
#include "run/wasi_state.hpp"

namespace inlay::run::wasi {

inline const std::string kTrialDirectories("/data=data:w\0/fixed=fixed\0", 26);
constexpr uint32_t kData = 3, kFixed = 4;  // Their descriptors.

class WasiTrial {
  public:
    WasiTrial() {
        function.record.name = "trial";
        function.record.directories = kTrialDirectories;
    }

    State& state() { return state_of(invocation); }

    // A descriptor of an object.
    uint32_t open(const std::string& key, std::shared_ptr<Spool> spool = nullptr) {
        File file;
        file.kind = File::Kind::object;
        file.rights = rights::kReadFile | rights::kWriteFile;
        file.location = {"data", key, true};
        file.spool = std::move(spool);
        return state().add(std::move(file)).value();
    }

    int32_t close(uint32_t descriptor) { return close_file(invocation, state().remove(descriptor)); }

    std::shared_ptr<Spool> spool(std::string_view content) {
        auto made = std::make_shared<Spool>(kPublishInlineMax);
        EXPECT_EQ(made->write(invocation, 0, content), kSuccess);
        return made;
    }

    // What is staged under a key: its content, "(deleted)" or "(nothing)".
    std::string staged(const std::string& key) {
        std::string found = "(nothing)";
        for (const auto& one : invocation.effects)
            if (one.effect.name.key == key) found = one.effect.is_delete ? "(deleted)" : content_of(piece_of(one));
        return found;
    }

    Trial trial;
    registry::Function function;
    Request request;
    Terms terms;
    Invocation invocation{function, request, trial.supply(), terms};

  private:
    static Piece piece_of(const StagedEffect& staged) {
        Piece piece;
        piece.pages = staged.pages;
        piece.length = staged.effect.length;
        piece.bytes = staged.effect.inline_bytes;
        return piece;
    }
};

}  // namespace inlay::run::wasi
