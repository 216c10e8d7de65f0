// What a native server does with a large body at its best: the reference of the figures about bodies and durable objects.
//
//     reference_server DIR          prints `listening on http://127.0.0.1:PORT`
//
//     POST /wc          received into one warm buffer and counted there by the loop of examples/wc.c
//     POST /wc?stream=1 the same piece by piece, as they come, in one buffer as large as a piece of our streams
//     POST /echo        received into the warm buffer and sent from there
//     PUT /o/NAME       received in pieces, each written to a new file, which is fsynced and takes the place of DIR/NAME
//
// One thread, blocking calls, one connection at a time; it trusts its client.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "commands.hpp"
#include "count_words.h"

namespace {

using bench::require;

constexpr size_t kHeadBytesMax = 16 << 10;
constexpr size_t kPieceBytes = 1 << 20;
constexpr size_t kStreamPieceBytes = 128 << 10;

struct Request {
    std::string target;
    size_t content_bytes = 0;
    std::string arrived;  // Content that came with the head.
};

// Receives up to `wanted` bytes: at least one, or the client is gone (0).
size_t receive_some(int client, char* to, size_t wanted) {
    ssize_t got = recv(client, to, wanted, 0);
    return got > 0 ? static_cast<size_t>(got) : 0;
}

bool receive_head(int client, Request& request) {
    std::string head;
    char piece[kHeadBytesMax];
    size_t end = head.npos;
    while ((end = head.find("\r\n\r\n")) == head.npos) {
        size_t got = receive_some(client, piece, sizeof piece);
        if (got == 0) return false;
        head.append(piece, got);
    }
    size_t target = head.find(' ') + 1;
    request.target = head.substr(target, head.find(' ', target) - target);
    constexpr std::string_view kLength = "\r\ncontent-length:";
    for (size_t at = head.find("\r\n"); at < end; at = head.find("\r\n", at + 2))
        if (strncasecmp(head.c_str() + at, kLength.data(), kLength.size()) == 0)
            request.content_bytes = std::strtoull(head.c_str() + at + kLength.size(), nullptr, 10);
    request.arrived = head.substr(end + 4);
    return true;
}

void answer(int client, std::string_view content) {
    std::string head = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(content.size()) + "\r\n\r\n";
    for (size_t sent = 0, all = head.size() + content.size(); sent < all;) {
        size_t of_head = std::min(sent, head.size()), of_content = sent - of_head;
        iovec parts[2] = {{head.data() + of_head, head.size() - of_head},
                          {const_cast<char*>(content.data()) + of_content, content.size() - of_content}};
        ssize_t more = writev(client, parts, 2);
        require(more > 0, "writev");
        sent += static_cast<size_t>(more);
    }
}

// The buffer stays from request to request, warm.
std::string_view receive_content(int client, const Request& request, std::vector<char>& buffer) {
    if (buffer.size() < request.content_bytes) buffer.resize(request.content_bytes);
    std::copy(request.arrived.begin(), request.arrived.end(), buffer.begin());
    for (size_t at = request.arrived.size(); at < request.content_bytes;) {
        size_t got = receive_some(client, buffer.data() + at, request.content_bytes - at);
        require(got > 0, "recv");
        at += got;
    }
    return {buffer.data(), request.content_bytes};
}

void write_all(int file, std::string_view content) {
    require(write(file, content.data(), content.size()) == static_cast<ssize_t>(content.size()), "write");
}

void store(int client, const Request& request, const std::string& directory, std::vector<char>& buffer) {
    std::string path = directory + request.target.substr(request.target.rfind('/')), unfinished = path + ".new";
    int file = open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    require(file >= 0, unfinished.c_str());
    write_all(file, request.arrived);
    if (buffer.size() < kPieceBytes) buffer.resize(kPieceBytes);
    for (size_t left = request.content_bytes - request.arrived.size(); left > 0;) {
        size_t got = receive_some(client, buffer.data(), std::min(left, kPieceBytes));
        require(got > 0, "recv");
        write_all(file, {buffer.data(), got});
        left -= got;
    }
    require(fsync(file) == 0, "fsync");
    close(file);
    require(rename(unfinished.c_str(), path.c_str()) == 0, "rename");
}

word_counts count_as_it_comes(int client, const Request& request, std::vector<char>& buffer) {
    if (buffer.size() < kStreamPieceBytes) buffer.resize(kStreamPieceBytes);
    word_counts counted = count_words(request.arrived.data(), static_cast<uint32_t>(request.arrived.size()), {});
    for (size_t left = request.content_bytes - request.arrived.size(); left > 0;) {
        size_t got = receive_some(client, buffer.data(), std::min(left, kStreamPieceBytes));
        require(got > 0, "recv");
        counted = count_words(buffer.data(), static_cast<uint32_t>(got), counted);
        left -= got;
    }
    return counted;
}

void serve(int client, const std::string& directory) {
    std::vector<char> buffer;
    for (Request request; receive_head(client, request); request = {}) {
        if (request.target.starts_with("/o/")) {
            store(client, request, directory, buffer);
            answer(client, "");
            continue;
        }
        bool streams = request.target == "/wc?stream=1";
        std::string_view content = streams ? std::string_view() : receive_content(client, request, buffer);
        if (request.target == "/echo") {
            answer(client, content);
            continue;
        }
        word_counts counted = streams ? count_as_it_comes(client, request, buffer)
                                      : count_words(content.data(), static_cast<uint32_t>(content.size()), {});
        answer(client, "{\"lines\":" + std::to_string(counted.lines) + ",\"words\":" + std::to_string(counted.words + counted.in_word) +
                           ",\"bytes\":" + std::to_string(request.content_bytes) + "}\n");
    }
}

}  // namespace

int main(int argc, char** argv) {
    require(argc == 2, "usage: reference_server DIR");
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    require(bind(listener, reinterpret_cast<sockaddr*>(&address), length) == 0, "bind");
    require(listen(listener, SOMAXCONN) == 0, "listen");
    require(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) == 0, "getsockname");
    std::printf("listening on http://127.0.0.1:%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    for (;;) {
        int client = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        require(client >= 0, "accept");
        int one = 1;
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        serve(client, argv[1]);
        close(client);
    }
}
