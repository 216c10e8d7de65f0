// One message with a descriptor, one answer.
#include "app/cli_link.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/cli_failure.hpp"
#include "control/link_door.hpp"
#include "os/channel.hpp"
#include "os/file.hpp"
#include "os/local_socket.hpp"
#include "registry/messages.hpp"

namespace inlay::cli {
namespace {

Failure no_server(const std::string& data_directory) {
    return client_failure("no-server", {"No server takes files there", data_directory,
                                        "Give the --data directory of a running inlay serve on this machine, as the same user"});
}

Result<os::Message> ask(const os::Channel& server, const std::string& question, int file) {
    INLAY_TRY(auto sent, server.send(question, {file}));
    os::Message answer;
    // A refusal may come before the question is heard.
    INLAY_TRY(auto received, server.receive(answer));
    if (sent != os::Transfer::done && received != os::Transfer::done) return Error{Errc::draining, "the server ended the connection"};
    if (received != os::Transfer::done) return Error{Errc::draining, "the server ended without an answer"};
    return answer;
}

}  // namespace

nlohmann::ordered_json link_file(const ObjectName& name, const FileToLink& file) {
    auto opened = os::open_file(file.path);
    if (!opened.ok()) throw wrong_use(opened.error().detail, "Name a file that you may read");
    auto directory = os::open_file(file.data_directory);
    if (!directory.ok()) throw no_server(file.data_directory);
    auto socket = os::connect_local(directory->get(), control::kLinkDoorName);
    if (!socket.ok()) throw no_server(file.data_directory);
    auto question = registry::question(1, registry::Call::link_file).bytes(name.bucket).bytes(name.key).bytes(file.content_type).take();
    auto answer = need(ask(os::Channel(std::move(socket).value()), question, opened->get()));
    WireReader reader(answer.bytes);
    reader.number();
    auto verdict = registry::read_verdict(reader);
    if (!verdict.ok())
        throw problem_failure({verdict.error().code, fmt::format("{}: {}", file.path, verdict.error().detail)});
    return nlohmann::ordered_json::parse(reader.bytes());
}

}  // namespace inlay::cli
