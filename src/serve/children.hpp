// Children: what the guest of one lane has spawned, or a pipeline calls, and its worker runs: here where it is express, else in lanes.
//
// A call that can begin nowhere at once waits for the next one to end. When its caller has nothing else to do it is given back, to be run
// inside of it: so those that wait for each other's lanes all go on. What its caller does not want any more ends at once.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "run/call.hpp"
#include "serve/lanes.hpp"
#include "serve/table_supply.hpp"

namespace inlay::serve {

class Attempts;
class Worker;

class Children : public std::enable_shared_from_this<Children> {
  public:
    // `on_news`: there is something to take, on the loop. Neither is used after end(). At most `most` are under way.
    Children(Worker& worker, size_t most, std::function<void()> on_news) : worker_(worker), most_(most), on_news_(std::move(on_news)) {}

    // `caller`: whose guest wants it. `must`: it is not given back. False: there are as many as there may be.
    bool begin(run::Call call, const run::CallTerms& terms, std::shared_ptr<const registry::Function> caller, bool must);
    // Nobody wants its result.
    void drop(uint64_t id);
    // Its caller waits, and has nothing else to do.
    void note_idle() { is_idle_ = true; }
    // Some of these have to have a process of their own.
    bool need_room() const;
    // What its caller is to hear next.
    struct News {
        uint64_t id;
        std::optional<run::Outcome> outcome;  // nullopt: given back.
    };
    std::optional<News> take();
    // Puts back what could not be told now.
    void put_back(News news) { untold_.push_front(std::move(news)); }
    // The caller has ended: so does all of this.
    void end();

  private:
    struct Child {
        run::Call call;
        run::CallTerms terms;
        std::shared_ptr<const registry::Function> caller;
        bool must = false;
        std::string path;
        LaneRun lane;
        bool begun = false;
        bool dropped = false;
    };
    using Shared = std::shared_ptr<Child>;

    void begin_those_that_can();
    static boost::asio::awaitable<void> run(std::shared_ptr<Children> self, Shared child);
    bool may_begin(const registry::Function& function, const Child& child) const;
    static run::Outcome refusal_of(const Child& child, Error why);
    void end(const Shared& child, run::Outcome outcome);

    Worker& worker_;
    size_t most_;
    std::function<void()> on_news_;
    std::list<Shared> children_;  // Those that were not dropped.
    std::list<News> untold_;
    bool is_idle_ = false;
};

}  // namespace inlay::serve
