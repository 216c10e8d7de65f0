// One message to the supervisor and its answer.
#include "serve/commit.hpp"

namespace inlay::serve {

boost::asio::awaitable<Result<registry::CommitAnswer>> commit(Worker& worker, const std::vector<registry::Effect>& effects) {
    WireWriter fields;
    std::vector<int> fds;
    registry::write(fields, effects, fds);
    auto answered = co_await worker.call(registry::Call::commit, fields.take(), std::move(fds));
    if (!answered.ok()) co_return std::move(answered).error();
    WireReader reader(answered->fields);
    registry::CommitAnswer answer;
    registry::read(reader, answer);
    if (!reader.finished() || answer.effects.size() != effects.size())
        co_return Error{Errc::internal, "the supervisor's answer to a commit is damaged"};
    co_return answer;
}

boost::asio::awaitable<registry::CommitAnswer> commit_staged(Worker& worker, run::Outcome& outcome) {
    std::vector<registry::Effect> effects;
    for (const auto& staged : std::get<run::Completed>(outcome.how).effects)
        if (staged.pages && staged.pages->lost()) {
            outcome.how = run::Refused{registry::changed_error()};
            co_return registry::CommitAnswer();
        }
    for (const auto& staged : std::get<run::Completed>(outcome.how).effects) effects.push_back(staged.effect);
    auto committed = co_await commit(worker, effects);
    if (!committed.ok()) {
        outcome.how = run::Refused{std::move(committed).error()};
        co_return registry::CommitAnswer();
    }
    outcome.cost.copied.fallback += committed->copied_bytes;
    co_return std::move(committed).value();
}

}  // namespace inlay::serve
