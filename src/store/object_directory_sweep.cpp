// The sweep: removes the files that crashes and failed commits left behind, and no others.
//
// A file is removed only if its name says that an earlier start of the server made it and the catalog does not know it.
// What an earlier start made can never become known again, so the answer cannot be out of date.
#include "os/file.hpp"
#include "os/file_lock.hpp"
#include "store/object_directory.hpp"
#include "store/version.hpp"

namespace inlay::store {
namespace {

using IsKnown = std::function<Result<bool>(std::string_view version)>;

enum class Verdict { known, current, foreign, leftover };

// Walks over directories and removes what is left over there.
class Sweeper {
  public:
    Sweeper(uint32_t current_epoch, int objects, const std::stop_token& stop)
        : current_epoch_(current_epoch), objects_(objects), stop_(stop) {}

    // Judges each entry of `directory`, until the first failure or until stopped.
    template <class Judge>
    Result<> sweep(int directory, const Judge& judge) {
        Result<> step;
        auto visit = [&](std::string_view name) {
            if (stop_.stop_requested()) return false;
            step = settle(directory, std::string(name), judge(name));
            return step.ok();
        };
        INLAY_TRY_VOID(os::for_each_entry(directory, visit));
        return step;
    }

    // `name` is VERSION + `suffix`, perhaps with ".tmp" behind it, or foreign.
    Result<Verdict> judge_version(std::string_view name, std::string_view suffix, const IsKnown& is_known) const {
        bool temporary = name.ends_with(kTemporarySuffix);
        if (temporary) name.remove_suffix(kTemporarySuffix.size());
        if (!name.ends_with(suffix)) return Verdict::foreign;
        name.remove_suffix(suffix.size());
        if (!is_version(name)) return Verdict::foreign;
        if (epoch_of(name) >= current_epoch_) return Verdict::current;
        if (temporary) return Verdict::leftover;
        INLAY_TRY(bool known, is_known(name));
        return known ? Verdict::known : Verdict::leftover;
    }

    const Swept& swept() const { return swept_; }

  private:
    Result<> settle(int directory, const std::string& name, Result<Verdict> judged) {
        INLAY_TRY(Verdict verdict, std::move(judged));
        switch (verdict) {
            case Verdict::known: swept_.known++; break;
            case Verdict::current: swept_.current++; break;
            case Verdict::foreign: swept_.foreign++; break;
            case Verdict::leftover: return remove(directory, name);
        }
        return {};
    }

    // Asks after the catalog was asked: whoever has had a hold since before may need what it has forgotten meanwhile.
    Result<> remove(int directory, const std::string& name) {
        INLAY_TRY(bool held, os::is_held(objects_));
        if (held) return {};
        INLAY_TRY_VOID(os::unlink(directory, name));
        swept_.removed++;
        return {};
    }

    uint32_t current_epoch_;
    int objects_;
    const std::stop_token& stop_;
    Swept swept_;
};

}  // namespace

Result<Swept> ObjectDirectory::sweep(const SweepRules& rules, const std::stop_token& stop) {
    Sweeper sweeper(rules.current_epoch, objects_.get(), stop);
    auto judge_object = [&](std::string_view name) { return sweeper.judge_version(name, "", rules.object_is_known); };
    auto judge_module = [&](std::string_view name) {
        return sweeper.judge_version(name, kModuleSuffix, rules.module_is_known);
    };
    // Compiled modules are a cache, known to nobody here; only temporaries of other processes are left over.
    auto judge_compiled = [&](std::string_view name) -> Result<Verdict> {
        if (!name.ends_with(kTemporarySuffix)) return Verdict::known;
        return name.starts_with(temporary_tag_) ? Verdict::current : Verdict::leftover;
    };
    std::bitset<kShards> present;
    INLAY_TRY_VOID(os::for_each_entry(objects_.get(), [&](std::string_view name) {
        if (auto index = shard_index(name)) present.set(*index);
        return true;
    }));
    for (size_t index = 0; index < kShards; index++) {
        if (!present.test(index)) continue;
        INLAY_TRY(int directory, open_shard(index));
        INLAY_TRY_VOID(sweeper.sweep(directory, judge_object));
    }
    INLAY_TRY_VOID(sweeper.sweep(modules_.get(), judge_module));
    INLAY_TRY_VOID(sweeper.sweep(compiled_.get(), judge_compiled));
    return sweeper.swept();
}

}  // namespace inlay::store
