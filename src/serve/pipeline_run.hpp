// PipelineRun: one invocation of a pipeline: which step is called when, with what, and what has come of it.
//
// A step begins when those that it depends on have ended. Its calls go to Children like those of a guest in a lane: in this worker where they are
// short, else in lanes; their inputs are ranges of what lies there already. All that steps publish takes place together at the end, or not
// at all.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "registry/plan.hpp"
#include "run/outcome.hpp"
#include "run/request.hpp"
#include "run/terms.hpp"
#include "serve/children.hpp"
#include "serve/pipeline_items.hpp"

namespace inlay::serve {

class PipelineRun {
  public:
    // Requires: what the input views lives as long.
    PipelineRun(Worker& worker, std::shared_ptr<const registry::Function> pipeline, const PipelineInput& input);
    ~PipelineRun();
    PipelineRun(const PipelineRun&) = delete;
    PipelineRun& operator=(const PipelineRun&) = delete;

    // To its end or its deadline. The effects of all steps are staged, not committed.
    boost::asio::awaitable<run::Outcome> run();
    // Adds what a trace says of it to its outcome, where it is traced.
    void close_span(run::Outcome& outcome) const;
    const run::Terms& terms() const { return terms_; }

  private:
    // One call of a step, in as many tries as it takes.
    struct Call {
        PipelineItem item;
        uint64_t tries = 0;
        std::optional<run::Completed> result;
    };
    struct StepState {
        bool prepared = false;
        bool skipped = false;
        bool was_noted = false;   // That it has ended.
        size_t takers = 0;        // Steps that may still look at what it has given, and the end of all.
        std::vector<std::vector<run::Piece>> given;  // To all of its calls alike, by input; of an item nothing.
        std::vector<Call> calls;
        size_t begun = 0;  // Of them, at least once.
        size_t ended = 0;
        bool has_ended() const { return prepared && ended == calls.size(); }
    };
    struct Place {
        size_t step = 0, call = 0;
    };
    // What of results is kept.
    struct Kept {
        uint64_t small_bytes = 0;  // In no pages.
        size_t ranges = 0;
        size_t files = 0;          // In which they lie; of what has come since they were counted last, those of each result by themselves.
    };
    struct Again {
        uint64_t at_ns = 0;
        Place place;
    };

    boost::asio::awaitable<Result<>> go();
    boost::asio::awaitable<Result<>> begin_steps();
    boost::asio::awaitable<Result<>> prepare(size_t step);
    boost::asio::awaitable<Result<>> prepare_inputs(size_t step);
    boost::asio::awaitable<Result<std::vector<PipelineItem>>> items_of(const registry::Step& step);
    boost::asio::awaitable<Result<run::Piece>> whole_of(const registry::PlanSource& source);
    Result<> add_pieces(std::vector<run::Piece> more, std::vector<run::Piece>& to, size_t most);
    Result<> add_content(const registry::PlanSource& source, std::vector<run::Piece>& to, size_t most);
    Result<> add_item(const registry::Step& step, const PipelineItem& item, std::vector<run::Piece>& to);
    boost::asio::awaitable<Result<>> begin_calls(size_t step);
    boost::asio::awaitable<Result<>> begin_again();
    boost::asio::awaitable<Result<>> begin(Place place);
    boost::asio::awaitable<Result<std::vector<run::Piece>>> inputs_of(Place place);
    boost::asio::awaitable<Result<>> make_fit(std::vector<run::Piece>& pieces);
    Result<bool> applies(const registry::When& when) const;
    uint64_t bytes_given(size_t step) const;
    void note_ends();
    Result<> keep(run::Response& response);
    void let_go(run::Response& response);
    std::vector<run::Piece*> kept_pieces();
    void count_files();
    boost::asio::awaitable<Result<>> put_together();
    boost::asio::awaitable<void> wait();
    Result<> take(Children::News news);
    Result<> take_result(Place place, run::Completed completed);
    std::optional<Error> error_of(const registry::Step& step, const run::Outcome& outcome) const;
    bool tries_again(Place place, const Error& error, bool was_refused);
    std::string label_of(Place place) const;
    bool has_ended() const;
    boost::asio::awaitable<Result<run::Completed>> conclude();
    boost::asio::awaitable<Result<>> store(run::Completed& completed);
    Result<> move_into_pages(std::vector<run::StagedEffect>& effects);

    Worker& worker_;
    std::shared_ptr<const registry::Function> pipeline_;
    const registry::Plan& plan_;
    PipelineContent content_;
    run::Terms terms_;
    uint64_t began_ns_ = 0;
    std::shared_ptr<Children> children_;
    boost::asio::steady_timer news_;  // Expires at the deadline, or when a call is to be made again; cancelled when there are news.
    bool has_news_ = false;
    std::vector<StepState> steps_;
    std::unordered_map<uint64_t, Place> under_way_;  // By the call's id; at most kStepsAtOnceMax.
    std::vector<Again> again_;                       // Calls that wait for their next try.
    uint64_t ids_ = 0;
    uint64_t calls_ = 0;                             // Made so far.
    Kept kept_;
    size_t effects_ = 0;
    uint64_t name_bytes_ = 0;                        // Of what they name.
    run::Cost cost_;
    registry::Spans spans_;
};

}  // namespace inlay::serve
