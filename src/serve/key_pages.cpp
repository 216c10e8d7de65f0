// Asks the supervisor, and reads its JSON.
#include "serve/key_pages.hpp"

#include <nlohmann/json.hpp>

#include "base/limits.hpp"
#include "os/file.hpp"
#include "serve/worker.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
namespace {

constexpr uint64_t kListingBytesMax = 16 * MiB;

// As the supervisor writes it.
Result<run::KeyPage> read_page(const std::string& text) {
    auto listed = nlohmann::json::parse(text, nullptr, false);
    if (listed.is_discarded() || !listed.contains("objects") || !listed["objects"].is_array())
        return Error{Errc::internal, "the supervisor's listing is damaged"};
    run::KeyPage page;
    for (const auto& object : listed["objects"]) page.keys.push_back(object.value("key", std::string()));
    if (listed["next"].is_string()) page.next = listed["next"].get<std::string>();
    return page;
}

}  // namespace

asio::awaitable<Result<run::KeyPage>> list_keys(Worker& worker, const registry::Listing& listing) {
    WireWriter fields;
    registry::write(fields, listing);
    auto answered = co_await worker.call(registry::Call::describe, fields.take(), std::vector<int>());
    if (!answered.ok() && answered.error().code == Errc::bucket_not_found) co_return run::KeyPage{};
    if (!answered.ok()) co_return std::move(answered).error();
    auto text = answered->fds.empty() ? Result(std::string(WireReader(answered->fields).bytes()))
                                      : os::read_all(answered->fds.front().get(), kListingBytesMax);
    if (!text.ok()) co_return std::move(text).error();
    co_return read_page(*text);
}

}  // namespace inlay::serve
